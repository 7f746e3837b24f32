import Access
import EventLoop
import Events
import Identity
import Jobs
import Kernel

/// People and bots, as a worker wires them.
struct PeopleRooms {
    let operations: [Operation]
    let jobs: [Job]

    init(_ shared: NodeShared, ledger: Ledger, reactor: Reactor) {
        let signIn = SignIn(door: shared.settings.door, hasher: shared.hasher)
        operations =
            IdentityEndpoints(
                ledger: ledger, refusals: shared.refusals, publicOrigin: shared.settings.origin,
                signIn: signIn
            ).operations
            + OpenIDEndpoints(
                ledger: ledger, refusals: shared.refusals, provider: ProviderClient.of(shared, reactor),
                signIn: signIn, log: shared.log
            ).operations
        jobs = SignInJobs(ledger.database, clock: shared.clock).jobs
    }
}

extension Settings {
    /// Where people sign in.
    var door: FrontDoor { FrontDoor(origin: publicOrigin, trustedProxies: trustedProxies) }
}
