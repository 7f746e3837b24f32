import Access
import Events
import Exchanges
import JSON
import Kernel
import Postgres

/// An account at an exchange: what keys have in common. Keys name it by exchange, environment and name, which
/// is why these never change.
struct Account: Sendable {
    let id: AccountID
    let exchange: ExchangeName
    let environment: Environment
    let name: String
    /// The exchange's own number of it.
    var uid: String?
    var parent: AccountID?
    var holder: String?
    var supportContact: String?
    let createdAt: Timestamp
    let createdBy: String
    var updatedAt: Timestamp
    var revision: Int64 = 1
}

extension Account {
    /// An account, its parent, and so on: what a desk's structure needs, and still quickly walked.
    static let levelLimit = 8

    /// All of its keys, and those that come later.
    var selector: KeySelector {
        KeySelector(exchange: exchange, environment: environment, account: name)
    }

    /// The strictest order over the whole account. Orders that narrow by owner, tag or key stand over some of
    /// its keys only.
    func mode(under orders: [StandingOrder]) -> KeyMode? {
        orders.filter { order in
            let selector = order.selector
            if selector.all { return true }
            return selector.ids.isEmpty && selector.owner == nil && selector.tag == nil
                && (selector.exchange ?? exchange) == exchange
                && (selector.environment ?? environment) == environment
                && (selector.account ?? name) == name
        }.map(\.mode).max()
    }

    /// Takes over what a change asks for; answers the names of the fields that are others now.
    mutating func apply(_ change: AccountChange, at now: Timestamp) -> [String] {
        let before = self
        if let uid = change.uid { self.uid = uid }
        if let parent = change.parent { self.parent = parent }
        if let holder = change.holder { self.holder = holder }
        if let contact = change.supportContact { supportContact = contact }
        let all = [
            ("uid", uid == before.uid), ("parent_id", parent == before.parent),
            ("holder", holder == before.holder), ("support_contact", supportContact == before.supportContact),
        ]
        let changed = all.filter { !$0.1 }.map(\.0)
        if !changed.isEmpty { (updatedAt, revision) = (now, revision + 1) }
        return changed
    }
}

// MARK: Events

extension Account {
    /// Holder and contact are people's data: who may see them reads the account.
    func event(_ type: EventType, _ fields: KeyValuePairs<String, JSONValue> = [:]) -> NewEvent {
        var data = JSONObject()
        let shared: KeyValuePairs<String, JSONValue> = [
            "account_id": .string(id.description), "name": .string(name),
            "exchange": .string(exchange.rawValue), "environment": .string(environment.rawValue),
            "uid": uid.map { .string($0) } ?? .null,
            "parent_id": parent.map { .string($0.description) } ?? .null,
        ]
        for (name, value) in shared { _ = data.append(name, value) }
        for (name, value) in fields { _ = data.append(name, value) }
        return NewEvent(type, subject: id, data: data)
    }
}

// MARK: Rows

extension Account {
    /// In the order that `init` reads.
    static let columns = """
        a.id, a.exchange, a.environment, a.name, a.uid, a.parent, a.holder, a.support_contact, a.created_at,
        a.created_by, a.updated_at, a.revision
        """
    static let columnCount = 12

    init(_ row: Row) {
        guard let exchange = ExchangeName(rawValue: row.text(1)),
            let environment = Environment(rawValue: row.text(2))
        else { preconditionFailure("accounts are written by this room") }
        self.init(
            id: row.id(0), exchange: exchange, environment: environment, name: row.text(3),
            uid: row.optionalText(4), parent: row.optionalID(5), holder: row.optionalText(6),
            supportContact: row.optionalText(7), createdAt: row.timestamp(8), createdBy: row.text(9),
            updatedAt: row.timestamp(10), revision: row.int64(11))
    }
}
