import Access
import Audit
import Events
import Exchanges
import JSON
import Kernel

/// One use of a key while the database was gone, as the journal keeps it: everything that the trail, rules
/// and lists will want to know of it.
struct AwayUse {
    let id: UsageID
    let at: Timestamp
    let actor: Actor
    let requestID: String
    let subject: String
    let operation: String
    let symbol: String?
    /// Of the event.
    let data: JSONObject
    /// Of the line of the trail.
    let detail: JSONObject
    /// What other policies can be tried on.
    let request: String?
    let nonce: UInt64?
    let charges: [AwayTally.Charge]
}

extension AwayUse {
    /// - Parameter record: of a use that was admitted.
    init(_ record: UsageRecord, _ admitted: AwayTally.Admitted) {
        let texts = record.texts
        let detail = (try? JSONValue.parse(texts.line))?["detail"]?.asObject
        let event = record.event(texts.data)
        self.init(
            id: record.id, at: record.at, actor: record.request.context.actor,
            requestID: record.request.context.requestID, subject: event.subject ?? "",
            operation: record.read.meaning.operation.rawValue, symbol: record.order?.symbol,
            data: event.data, detail: detail ?? JSONObject(),
            request: texts.request, nonce: admitted.nonce, charges: admitted.charges)
    }

    /// Whether the trail will take it: one line that does not get in would keep the whole journal out.
    var isRecordable: Bool {
        var w = JSONWriter(capacity: 2_048)
        AwayEntry.use(self).write(to: &w)
        guard data.count > 0, detail.count > 0, AwayEntry(w.bytes) != nil else { return false }
        // No column takes it.
        return !String(decoding: w.bytes, as: UTF8.self).contains("\\u0000")
    }

    /// As the column has them, of a batch about more than one.
    var symbols: String? {
        let named = (data["symbols"]?.asArray ?? []).compactMap(\.asString)
        return named.count > 1 ? BatchOrders.column(of: named) : nil
    }

    /// For rules, feeds and streams.
    var event: Event {
        Event(
            id: EventID(id.uuid), at: at, type: .keyUsed, subject: subject, actor: actor, data: data)
    }

    /// The line of the trail: an action of its own, and when it was, since it is written later.
    func item(in journal: AwayJournalID) -> AuditItem {
        var detail = detail
        _ = detail.append("at", .string(at.description))
        _ = detail.append("journal", .string(journal.description))
        return AuditItem(
            actor: actor, action: "keys.proxy.away", resource: subject, detail: .object(detail),
            requestID: requestID)
    }
}

// MARK: As a line

extension AwayUse {
    func write(to w: inout JSONWriter) {
        w.field("kind", "use")
        w.field("usage", id.description)
        w.field("at", at.microseconds)
        w.field("actor", actor.principal?.description)
        w.field("access_token", actor.accessToken?.description)
        w.field("address", actor.address?.description)
        w.field("request_id", requestID)
        w.field("subject", subject)
        w.field("operation", operation)
        w.field("symbol", symbol)
        w.field("data", JSONValue.object(data))
        w.field("detail", JSONValue.object(detail))
        w.field("request", request)
        w.field("nonce", nonce.map { Int64(clamping: $0) })
        w.array("charges", charges) { $1.write(to: &$0) }
    }

    init?(_ value: JSONValue) {
        func text(_ name: String) -> String? { value[name]?.asString }
        guard let id = text("usage").flatMap({ UsageID($0) }), let at = value["at"]?.time,
            let requestID = text("request_id"), let subject = text("subject"),
            let operation = text("operation"), let data = value["data"]?.asObject,
            let detail = value["detail"]?.asObject
        else { return nil }
        let actor = Actor(
            principal: text("actor").flatMap { PrincipalID($0) },
            accessToken: text("access_token").flatMap { AccessTokenID($0) },
            address: text("address").flatMap { IPAddress($0) })
        self.init(
            id: id, at: at, actor: actor, requestID: requestID, subject: subject, operation: operation,
            symbol: text("symbol"), data: data, detail: detail, request: text("request"),
            nonce: value["nonce"]?.asInt.map { UInt64(clamping: $0) },
            charges: value["charges"]?.asArray?.compactMap { AwayTally.Charge($0) } ?? [])
    }
}

extension AwayTally.Charge {
    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("owner", counter.owner)
            w.field("clause", counter.clause)
            w.field("window", window.microseconds)
            w.field("amount", amount)
        }
    }

    init?(_ value: JSONValue) {
        guard let owner = value["owner"]?.asString, let clause = value["clause"]?.asInt,
            let window = value["window"]?.time, let amount = value["amount"]?.asInt
        else { return nil }
        self.init(
            counter: CounterKey(owner: owner, clause: Int(clause)), window: window, amount: amount)
    }
}
