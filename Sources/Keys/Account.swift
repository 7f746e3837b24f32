import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// An account at an exchange, as answers show it.
struct Account {
    private let row: Row

    init(_ row: Row) { self.row = row }

    var id: AccountID { row.id(0) }
    var createdAt: Timestamp { row.timestamp(8) }
    var revision: Int64 { row.int64(11) }

    /// - Parameter orders: every standing order; the strictest over the account is its mode.
    func write(to w: inout JSONWriter, under orders: [StandingOrder]) {
        let parent: AccountID? = row.isNull(5) ? nil : row.id(5)
        w.object { w in
            w.field("id", id.description)
            w.field("exchange", row.text(1))
            w.field("environment", row.text(2))
            w.field("name", row.text(3))
            w.field("uid", row.optionalText(4))
            w.field("parent_id", parent?.description)
            w.field("holder", row.optionalText(6))
            w.field("support_contact", row.optionalText(7))
            w.field("mode", mode(under: orders)?.rawValue)
            writeCounts(to: &w)
            w.field("created_at", createdAt.description)
            w.field("created_by", row.text(9))
            w.field("updated_at", row.timestamp(10).description)
        }
    }

    private func writeCounts(to w: inout JSONWriter) {
        let statuses = row.textArray(12)
        w.object("keys") { w in
            for status in KeyStatus.allCases {
                w.field(status.rawValue, Int64(statuses.count { $0 == status.rawValue }))
            }
        }
    }

    /// Orders that narrow by owner, tag or key stand over some of its keys, not over the account.
    private func mode(under orders: [StandingOrder]) -> KeyMode? {
        orders.filter { order in
            let selector = order.selector
            if selector.all { return true }
            return selector.ids.isEmpty && selector.owner == nil && selector.tag == nil
                && (selector.exchange?.rawValue ?? row.text(1)) == row.text(1)
                && (selector.environment?.rawValue ?? row.text(2)) == row.text(2)
                && (selector.account ?? row.text(3)) == row.text(3)
        }.map(\.mode).max()
    }
}
