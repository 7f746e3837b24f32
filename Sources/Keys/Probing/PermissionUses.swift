package import Access
package import Exchanges
import JSON
package import Kernel

/// What a key was used for, beside what it may do: permissions that nobody missed could be taken from it.
package struct PermissionUses: Sendable {
    /// From the room that records uses; the key, and the present moment.
    package typealias Read = (ExchangeKeyID, Timestamp) async throws -> PermissionUses

    package struct Operation: Sendable {
        package let operation: RequestOperation
        package let uses: Int
        package let first: Timestamp
        package let last: Timestamp

        package init(_ operation: RequestOperation, uses: Int, first: Timestamp, last: Timestamp) {
            (self.operation, self.uses, self.first, self.last) = (operation, uses, first, last)
        }
    }

    package let since: Timestamp
    package let operations: [Operation]

    package init(since: Timestamp, operations: [Operation]) {
        (self.since, self.operations) = (since, operations)
    }

    /// Nothing was done in the span that may have needed them. Which market an order was for is not told by
    /// its operation, so trading uses every permission to trade.
    package func unused(of permissions: [KeyPermission]) -> [KeyPermission] {
        permissions.filter { permission in
            !operations.contains { permission.isNeeded(for: $0.operation) }
        }
    }

    /// As openapi.yaml's `KeyPermissionUses`.
    func write(to w: inout JSONWriter, of key: ExchangeKey) {
        w.object { w in
            w.field("since", max(since, key.createdAt).description)
            w.array("operations", operations) { w, use in
                w.object { w in
                    w.field("operation", use.operation.rawValue)
                    w.field("uses", use.uses)
                    w.field("first_at", use.first.description)
                    w.field("last_at", use.last.description)
                }
            }
            w.field("unused", unused(of: key.permissions).map(\.rawValue))
            w.field("proposal", "/v1/keys/\(key.id)/policy/proposal")
        }
    }
}

extension KeyPermission {
    fileprivate func isNeeded(for operation: RequestOperation) -> Bool {
        switch (self, operation) {
        case (.read, .read), (.read, .stream), (.transfer, .transfer), (.withdraw, .withdraw): true
        case (.tradeSpot, .trade), (.tradeMargin, .trade), (.tradeDerivatives, .trade): true
        case (.tradeSpot, .cancel), (.tradeMargin, .cancel), (.tradeDerivatives, .cancel): true
        // Nobody knows what it needed.
        case (_, .admin): true
        default: false
        }
    }
}
