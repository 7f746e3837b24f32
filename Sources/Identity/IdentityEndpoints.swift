package import Access
package import Events
package import Jobs
package import Kernel

/// Every operation of this room, for one worker, and what time does here.
package struct IdentityEndpoints {
    package let operations: [Operation]
    package let jobs: [Job]

    /// - Parameters:
    ///   - publicOrigin: scheme, host and port that people reach the service by, without a slash at the end.
    ///   - leaving: what other rooms do about somebody who leaves.
    ///   - keys: what is known of principals and exchange keys.
    ///   - eyes: what other rooms have that sees with its owner's.
    ///   - unusedAfter: how long a service account may be unused before somebody is told.
    package init(
        ledger: Ledger, refusals: Refusals, publicOrigin: String, signIn: SignIn,
        leaving: [LeavingStep] = [], keys: KeyTrail = .none, eyes: OwnersEyes = .none,
        unusedAfter: Period = .days(30)
    ) {
        let logIn = LogIn(
            ledger: ledger, refusals: refusals, hasher: signIn.hasher, factors: signIn.factors,
            book: signIn.book)
        let leaving = leaving + LeavingStep.ofIdentity
        let offboarding = Offboarding(ledger: ledger, steps: leaving, keys: keys)
        operations =
            WelcomeEndpoints(ledger: ledger, refusals: refusals, hasher: signIn.hasher).operations
            + SelfEndpoints(database: ledger.database).operations
            + UserEndpoints(ledger: ledger, publicOrigin: publicOrigin).operations
            + OffboardingEndpoints(ledger: ledger, offboarding: offboarding).operations
            + BreakGlassEndpoints(ledger: ledger, refusals: refusals, leaving: leaving).operations
            + ServiceAccountEndpoints(ledger: ledger).operations
            + RoleEndpoints(ledger: ledger, eyes: eyes).operations
            + GroupEndpoints(ledger: ledger).operations
            + AuthorizationEndpoints(database: ledger.database).operations
            + GrantEndpoints(ledger: ledger).operations + AccessTokenEndpoints(ledger: ledger).operations
            + SessionEndpoints(ledger: ledger, door: signIn.door, logIn: logIn).operations
            + PasswordEndpoints(ledger: ledger, logIn: logIn, publicOrigin: publicOrigin).operations
            + SignInEndpoints(ledger: ledger).operations
            + FactorEndpoints(ledger: ledger, book: signIn.book, logIn: logIn).operations
            + PasskeyLogInEndpoint(book: signIn.book).operations
            + StepUpEndpoints(
                ledger: ledger, book: signIn.book, logIn: logIn, actions: signIn.actions
            ).operations
        jobs =
            ServiceAccountDates(ledger: ledger, unusedAfter: unusedAfter).jobs
            + [BreakGlassSweep(ledger: ledger, keys: keys, leaving: leaving).job]
            + AccessTokenJobs(ledger: ledger).jobs
            + GrantJobs(ledger: ledger).jobs + FactorJobs(ledger: ledger).jobs
    }
}

/// What log-in is made with.
package struct SignIn {
    let door: FrontDoor
    let hasher: PasswordHasher
    let book: FactorBook
    let factors: SecondFactors
    /// What a proof can be for; the service names it once its operations are known.
    package let actions = StepUpActions()

    /// - Parameter factors: nil: those of the book.
    package init(
        door: FrontDoor, hasher: PasswordHasher, book: FactorBook, factors: SecondFactors? = nil
    ) {
        (self.door, self.hasher, self.book) = (door, hasher, book)
        self.factors = factors ?? book.secondFactors
    }
}
