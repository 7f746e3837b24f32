package import Access
package import Events

/// Every operation of this room, for one worker.
package struct IdentityEndpoints {
    package let operations: [Operation]

    /// - Parameter publicOrigin: scheme, host and port that people reach the service by, without a slash at
    ///   the end.
    package init(ledger: Ledger, refusals: Refusals, publicOrigin: String) {
        operations =
            WelcomeEndpoints(ledger: ledger, refusals: refusals).operations
            + SelfEndpoints(database: ledger.database).operations
            + UserEndpoints(ledger: ledger, publicOrigin: publicOrigin).operations
            + ServiceAccountEndpoints(ledger: ledger).operations + RoleEndpoints(ledger: ledger).operations
            + GroupEndpoints(ledger: ledger).operations
            + AuthorizationEndpoints(database: ledger.database).operations
            + GrantEndpoints(ledger: ledger).operations + AccessTokenEndpoints(ledger: ledger).operations
    }
}
