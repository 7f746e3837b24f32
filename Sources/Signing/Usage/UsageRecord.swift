import Access
import Audit
import Events
import Exchanges
import JSON
import Kernel
import Keys

/// One use of a key: the event that rules read, and the line of the trail.
struct UsageRecord {
    enum Outcome: String, CaseIterable, Sendable {
        case denied
        /// Signed, and handed out.
        case signed
        /// Committed, and about to be sent; nothing is known yet.
        case authorised
        /// The exchange answered, and took it.
        case accepted
        /// The exchange answered, and refused it.
        case refused
        /// It may have been received; nobody knows.
        case unknown
        /// Not a byte of it left.
        case unsent = "not_sent"
        /// Told by a bot that holds the key itself.
        case reported
    }

    let id: UsageID
    let at: Timestamp
    let key: KeyFacts
    let request: UseRequest
    let read: ReadUse
    let judgement: PolicyJudgement
    let nonce: UInt64?

    var isAllowed: Bool { judgement.isAllowed }
    var type: EventType { isAllowed ? .keyUsed : .keyUseDenied }
    var action: String { request.way == .sign ? "keys.sign" : "keys.proxy" }
    var outcome: Outcome {
        guard isAllowed else { return .denied }
        return request.way == .sign ? .signed : .authorised
    }

    /// What its orders are worth, where a limit asked.
    private var notional: Notional? {
        judgement.charges.first { $0.count == .notional }.map { Notional(microdollars: $0.amount) }
    }

    /// The order that columns tell of: the only one, or a batch's first.
    var order: OrderIntent? { read.meaning.orders.first }
}

extension UsageRecord {
    var event: Event {
        Event(
            id: EventID(id.uuid), at: at, type: type, subject: key.id.description,
            actor: request.context.actor, data: data)
    }

    /// In the order of the table in openapi.yaml.
    private var data: JSONObject {
        var data = JSONObject()
        func add(_ name: String, _ value: JSONValue) { _ = data.append(name, value) }
        func add(_ name: String, _ text: String?) { add(name, text.map { .string($0) } ?? .null) }
        add("key_id", key.id.description)
        add("label", key.label)
        add("exchange", key.exchange.rawValue)
        add("account", key.account)
        add("environment", key.environment.rawValue)
        add("tags", .array(key.tags.map { .string($0) }))
        add("status", key.status.rawValue)
        add("usage_id", id.description)
        add("way", request.way.rawValue)
        add("operation", read.meaning.operation.rawValue)
        add("host", request.incoming.host)
        add("method", request.incoming.method)
        add("path", String(request.incoming.path.prefix(300)))
        add("address", request.context.actor.address?.description)
        add("orders", .number(JSONNumber(Int64(read.meaning.orders.count))))
        add("symbol", order?.symbol)
        add("side", order?.side?.rawValue)
        add("order_type", order?.kind.rawValue)
        add("quantity", order?.quantity?.description)
        add("price", order?.price?.description)
        add("reduce_only", .bool(order?.isReduceOnly == true || order?.closesPosition == true))
        add("notional_usd", notional?.amount.description)
        add("client_order_id", read.clientOrderIDs.first ?? order?.clientOrderID)
        add("policy_version", judgement.policyVersion.map { .number(JSONNumber(Int64($0))) } ?? .null)
        if let denial = judgement.denial {
            add("clause", denial.clause.description)
            add("reason", denial.reason ?? "")
        }
        return data
    }

    private static let replayableBytes = 16_384

    /// What other policies can be tried on. What is `admin` may hold passwords, and is not kept.
    var replayable: String? {
        let incoming = request.incoming
        guard read.meaning.operation != .admin, read.draft != nil,
            incoming.query.utf8.count + incoming.body.count <= Self.replayableBytes
        else { return nil }
        var w = JSONWriter()
        w.object { w in
            w.field("way", request.way.rawValue)
            w.field("host", incoming.host)
            w.field("method", incoming.method)
            w.field("path", incoming.path)
            w.field("query", incoming.query)
            w.field("content_type", incoming.contentType)
            w.field("body", String(decoding: incoming.body, as: UTF8.self))
            if !judgement.prices.isEmpty { w.array("prices", judgement.prices) { $0.value($1) } }
        }
        return String(decoding: w.bytes, as: UTF8.self)
    }

    /// The line of the trail.
    var item: AuditItem {
        var detail: [(String, JSONValue)] = [
            ("usage_id", .string(id.description)), ("operation", .string(read.meaning.operation.rawValue)),
            (
                "request",
                .string(
                    "\(request.incoming.method) \(request.incoming.host) "
                        + String(request.incoming.path.prefix(300)))
            ),
        ]
        if let symbol = order?.symbol { detail.append(("symbol", .string(symbol))) }
        if let nonce { detail.append(("nonce", .string(String(nonce)))) }
        if let version = judgement.policyVersion {
            detail.append(("policy_version", .number(JSONNumber(Int64(version)))))
        }
        if let denial = judgement.denial {
            detail.append(("clause", .string(denial.clause.description)))
            detail.append(("reason", .string(denial.reason ?? "")))
        }
        var object = JSONObject()
        for (name, value) in detail { _ = object.append(name, value) }
        return AuditItem(
            actor: request.context.actor, action: action, resource: key.id,
            outcome: isAllowed ? .allowed : .denied, detail: .object(object),
            requestID: request.context.requestID)
    }
}

extension PolicyJudgement {
    /// Of the key's own policy.
    var policyVersion: Int? { clauses.first { $0.policy?.owner == .key }?.policy?.version }
}
