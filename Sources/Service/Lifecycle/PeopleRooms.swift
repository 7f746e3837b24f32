import Access
import Events
import Identity
import Jobs
import Kernel

/// People and bots, as a worker wires them.
struct PeopleRooms {
    let operations: [Operation]
    let jobs: [Job]

    init(_ shared: NodeShared, ledger: Ledger) {
        let signIn = SignIn(
            door: shared.settings.door, hasher: shared.hasher, book: shared.factors)
        operations =
            IdentityEndpoints(
                ledger: ledger, refusals: shared.refusals, publicOrigin: shared.settings.origin,
                signIn: signIn
            ).operations
        jobs = SignInJobs(ledger.database, clock: shared.clock).jobs
    }
}

extension Settings {
    /// Where people sign in.
    var door: FrontDoor { FrontDoor(origin: publicOrigin, trustedProxies: trustedProxies) }
}
