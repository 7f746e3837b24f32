package import Access
package import JSON
package import Kernel

/// Orders of a key that may still stand at its exchange, as far as its uses tell: whoever is about to stop a
/// key wants to know what it leaves behind.
package struct OrdersSeen: Sendable, Equatable {
    /// From the room that records uses; keys, and the present moment.
    package typealias Read = ([ExchangeKeyID], Timestamp) async throws -> [OrdersSeen]

    /// More keys are not looked through.
    package static let keysAtMost = 200

    package let key: ExchangeKeyID
    package let orders: Int
    package let lastAt: Timestamp
    /// Of the newest ones.
    package let symbols: [String]

    package init(key: ExchangeKeyID, orders: Int, lastAt: Timestamp, symbols: [String]) {
        (self.key, self.orders, self.lastAt, self.symbols) = (key, orders, lastAt, symbols)
    }
}

extension OrdersSeen: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("key_id", key.description)
            w.field("orders", orders)
            w.field("last_at", lastAt.description)
            w.field("symbols", symbols)
        }
    }
}
