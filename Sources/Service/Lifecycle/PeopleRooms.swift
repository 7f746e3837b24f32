import Access
import EventLoop
import Events
import Identity
import Jobs
import Kernel
import Keys

/// People and bots, as a worker wires them.
struct PeopleRooms {
    let operations: [Operation]
    let jobs: [Job]
    private let actions: StepUpActions

    init(_ shared: NodeShared, ledger: Ledger, _ book: KeyBook, reactor: Reactor) {
        let signIn = SignIn(door: shared.settings.door, hasher: shared.hasher, book: shared.factors)
        let rights = PrincipalRights.reader(shared.clock)
        let identity = IdentityEndpoints(
            ledger: ledger, refusals: shared.refusals, publicOrigin: shared.settings.origin,
            signIn: signIn,
            leaving: LeavingRooms.steps(book, rights), keys: LeavingRooms.trail(book, rights),
            eyes: LosingSight.eyes, unusedAfter: shared.settings.unusedAfter)
        let openID = OpenIDEndpoints(
            ledger: ledger, refusals: shared.refusals, provider: ProviderClient.of(shared, reactor),
            signIn: signIn, log: shared.log)
        operations = identity.operations + openID.operations
        jobs = identity.jobs + SignInJobs(ledger.database, clock: shared.clock).jobs
        actions = signIn.actions
    }

    /// All operations of the service.
    func bind(_ operations: [Operation]) { actions.bind(operations) }
}

extension Settings {
    /// Where people sign in.
    var door: FrontDoor { FrontDoor(origin: publicOrigin, trustedProxies: trustedProxies) }
}
