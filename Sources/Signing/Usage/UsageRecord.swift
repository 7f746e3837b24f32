import Access
import Audit
import Events
import Exchanges
import JSON
import Kernel
import Keys

/// One use of a key: the event that rules read, and the line of the trail.
final class UsageRecord: Sendable {
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
    let snapshot: KeySnapshot
    let request: UseRequest
    let read: ReadUse
    let judgement: PolicyJudgement
    let nonce: UInt64?
    let isAllowed: Bool
    private let writtenBefore: UsageTexts?

    /// - Parameter texts: where they are written already.
    init(
        id: UsageID, at: Timestamp, snapshot: KeySnapshot, request: UseRequest, read: ReadUse,
        judgement: PolicyJudgement, nonce: UInt64?, isAllowed: Bool, texts: UsageTexts? = nil
    ) {
        writtenBefore = texts
        (self.id, self.at, self.snapshot, self.request) = (id, at, snapshot, request)
        (self.read, self.judgement, self.nonce, self.isAllowed) = (read, judgement, nonce, isAllowed)
    }

    var texts: UsageTexts {
        writtenBefore ?? UsageTexts(self, by: ActorTexts(request.context.actor))
    }

    /// What events and the trail are about.
    var subject: String { snapshot.name }
    var type: EventType { isAllowed ? .keyUsed : .keyUseDenied }
    var action: String { request.way == .sign ? "keys.sign" : "keys.proxy" }
    var outcome: Outcome {
        guard isAllowed else { return .denied }
        return request.way == .sign ? .signed : .authorised
    }

    /// The order that columns tell of: the only one, or a batch's first.
    var order: OrderIntent? { read.meaning.orders.first }
    /// What is told beside it of a batch.
    var batch: BatchOrders? { BatchOrders(read.meaning.orders) }
}

extension UsageRecord {
    /// For rules; most events are never asked for.
    func event(_ data: [UInt8]) -> Event {
        Event(
            id: EventID(id.uuid), at: at, type: type, subject: subject, actor: request.context.actor,
            data: (try? JSONValue.parse(data))?.asObject ?? JSONObject())
    }

    /// The event's data, in the order of the table in openapi.yaml.
    var data: [UInt8] {
        var w = JSONWriter(capacity: 1_024)
        w.object { w in
            w.members(raw: snapshot.members)
            writeRequest(to: &w)
            if read.meaning.orders.isEmpty, read.clientOrderIDs.isEmpty {
                w.members(raw: Self.withoutOrder)
            } else {
                Self.write(read.meaning.orders, read.clientOrderIDs, judgement.notional, to: &w)
            }
            w.field("policy_version", judgement.policyVersion)
            if let batch {
                w.field("symbols", batch.symbols)
                w.field("sides", batch.sides)
            }
            if snapshot.reports { writeReported(to: &w) }
            if let denial = judgement.denial {
                Self.write(denial, to: &w)
                w.array("clauses", judgement.denyingNames) { $0.value($1) }
            }
        }
        return w.bytes
    }

    private func writeRequest(to w: inout JSONWriter) {
        w.field("usage_id", id.description)
        w.field("way", request.way.rawValue)
        w.field("operation", read.meaning.operation.rawValue)
        w.field("host", request.incoming.host)
        w.field("method", request.incoming.method)
        w.field("path", path)
        w.field("address", request.context.actor.address?.description)
    }

    /// Of every read, and nearly every cancel.
    private static let withoutOrder = JSONWriter.members { write([], [], nil, to: &$0) }

    /// Columns tell of the only order, or of a batch's first; so does this.
    private static func write(
        _ orders: [OrderIntent], _ clientOrderIDs: [String], _ notional: Notional?, to w: inout JSONWriter
    ) {
        let order = orders.first
        w.field("orders", orders.count)
        w.field("symbol", order?.symbol)
        w.field("side", order?.side?.rawValue)
        w.field("order_type", order?.kind.rawValue)
        w.field("quantity", order?.quantity?.description)
        w.field("price", order?.price?.description)
        w.field("reduce_only", order?.isReduceOnly == true || order?.closesPosition == true)
        w.field("notional_usd", notional?.amount.description)
        w.field("client_order_id", clientOrderIDs.first ?? order?.clientOrderID)
    }

    /// Clauses that would have denied it, if they did not only report.
    private func writeReported(to w: inout JSONWriter) {
        let names = judgement.reportingNames
        if !names.isEmpty { w.array("would_deny", names) { $0.value($1) } }
    }

    private static func write(_ denial: ClauseVerdict, to w: inout JSONWriter) {
        w.field("clause", denial.clause.description)
        w.field("reason", denial.reason ?? "")
    }

    private static let pathCharacters = 300

    private var path: String {
        let path = request.incoming.path
        return path.utf8.count <= Self.pathCharacters ? path : String(path.prefix(Self.pathCharacters))
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
}

extension UsageRecord {
    /// Writes the line of the trail.
    func writeLine(by actor: ActorTexts, to w: inout JSONWriter) {
        AuditItem.write(
            to: &w, actor, action, subject, isAllowed ? .allowed : .denied,
            requestID: request.context.requestID
        ) { w in w.object { w in writeDetail(to: &w) } }
    }

    private func writeDetail(to w: inout JSONWriter) {
        w.field("usage_id", id.description)
        w.field("operation", read.meaning.operation.rawValue)
        w.field("request", "\(request.incoming.method) \(request.incoming.host) \(path)")
        if let symbol = order?.symbol { w.field("symbol", symbol) }
        if let batch, batch.symbols.count > 1 { w.field("symbols", batch.symbols) }
        if let nonce { w.field("nonce", String(nonce)) }
        if let version = judgement.policyVersion { w.field("policy_version", version) }
        if let denial = judgement.denial { Self.write(denial, to: &w) }
    }
}

extension PolicyJudgement {
    /// Of the key's own policy.
    var policyVersion: Int? { clauses.first { $0.policy?.owner == .key }?.policy?.version }
}

extension KeyFacts {
    /// The members that every event of a use begins with.
    /// - Parameter name: its id as text, which whoever writes many of them has at hand.
    func write(as name: String, to w: inout JSONWriter) {
        w.field("key_id", name)
        w.field("label", label)
        w.field("exchange", exchange.rawValue)
        w.field("account", account)
        w.field("environment", environment.rawValue)
        w.field("tags", tags)
        w.field("status", status.rawValue)
    }
}
