import Access
import HTTPServer
import Identity
import Kernel
import Signing

/// The way of exits while the database is gone. Who asks is told by what was known of access tokens, since
/// nobody can be asked; whoever is not let through here is answered as ever.
struct AwayGate {
    private let mode: AwayMode
    private let door: AwayDoor
    private let clock: Clock

    init(_ mode: AwayMode, door: AwayDoor, clock: Clock) {
        (self.mode, self.door, self.clock) = (mode, door, clock)
    }

    /// For every request: costs no lock.
    var isOn: Bool { mode.isOn }

    /// Nil: it is no request to an exchange, or of nobody who may send any.
    @inline(never)
    func admit(_ request: Request, _ visit: Visit) -> Context? {
        guard request.isProxied else { return nil }
        let credential = ForeignToken(request.head.headers).credential
        guard let caller = mode.caller(credential, from: visit.address) else { return nil }
        return Context(
            actor: caller.actor, rights: caller.rights, now: clock.now(), requestID: request.id,
            traceParent: request.head.headers[.traceParent])
    }

    @inline(never)
    nonisolated(nonsending) func answer(_ request: Request, _ context: Context) async throws -> Response {
        try await door.answer(request, context)
    }
}
