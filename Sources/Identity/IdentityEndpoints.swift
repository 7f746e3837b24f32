package import Access
package import Events

/// Every operation of this room, for one worker.
package struct IdentityEndpoints {
    package let operations: [Operation]

    /// - Parameter publicOrigin: scheme, host and port that people reach the service by, without a slash at
    ///   the end.
    package init(ledger: Ledger, refusals: Refusals, publicOrigin: String, signIn: SignIn) {
        let logIn = LogIn(
            ledger: ledger, refusals: refusals, hasher: signIn.hasher, factors: signIn.factors,
            book: signIn.book)
        operations =
            WelcomeEndpoints(ledger: ledger, refusals: refusals, hasher: signIn.hasher).operations
            + SelfEndpoints(database: ledger.database).operations
            + UserEndpoints(ledger: ledger, publicOrigin: publicOrigin).operations
            + ServiceAccountEndpoints(ledger: ledger).operations + RoleEndpoints().operations
            + GrantEndpoints(ledger: ledger).operations + AccessTokenEndpoints(ledger: ledger).operations
            + SessionEndpoints(ledger: ledger, door: signIn.door, logIn: logIn).operations
            + PasswordEndpoints(ledger: ledger, logIn: logIn, publicOrigin: publicOrigin).operations
            + SignInEndpoints(ledger: ledger).operations
            + FactorEndpoints(ledger: ledger, book: signIn.book).operations
            + PasskeyLogInEndpoint(book: signIn.book).operations
            + StepUpEndpoints(ledger: ledger, book: signIn.book).operations
    }
}

/// What log-in is made with.
package struct SignIn {
    let door: FrontDoor
    let hasher: PasswordHasher
    let book: FactorBook
    let factors: SecondFactors

    /// - Parameter factors: nil: those of the book.
    package init(
        door: FrontDoor, hasher: PasswordHasher, book: FactorBook, factors: SecondFactors? = nil
    ) {
        (self.door, self.hasher, self.book) = (door, hasher, book)
        self.factors = factors ?? book.secondFactors
    }
}
