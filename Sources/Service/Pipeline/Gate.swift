import Access
import HTTPServer
import Identity
import Kernel

/// Leave to enter: the context for the handler and, for a read, the question that must still be settled.
final class Admission {
    fileprivate(set) var context: Context
    let check: Attempt?

    init(context: Context, check: Attempt?) {
        self.context = context
        self.check = check
    }
}

/// Decides who may pass: authentication, then the one permission that the operation demands.
///
/// Nothing is inlined into what waits, as in `Pipeline`.
final class Gate {
    private let authenticator: Authenticator
    private let clock: Clock

    init(authenticator: Authenticator, clock: Clock) {
        self.authenticator = authenticator
        self.clock = clock
    }

    /// Whether the operation asks nobody who they are: then `anonymous` is the whole admission, which waits
    /// for nothing.
    func admitsAnybody(_ request: Request, to operation: Operation, _ visit: Visit) -> Bool {
        switch operation.requires {
        case .none: true
        case .permissionUnlessLocal: visit.isLocal && !request.head.headers.contains(.authorization)
        case .self, .permission, .scoped: false
        }
    }

    /// The context of an operation that settles itself, by what is known; nil: ask as for any other.
    @inline(never)
    func assumed(_ request: Request, _ operation: Operation, _ visit: Visit) -> Admission? {
        // A repeat is told what became of the first: to nobody before it is known who asks.
        guard operation.settlesItself, !request.head.headers.contains(.idempotencyKey) else { return nil }
        let now = clock.now()
        let known = authenticator.known(credential(of: request), from: visit.address, now: now)
        guard let known, operation.requires.permission != nil,
            operation.requires.admits(known.caller.rights)
        else { return nil }
        let check = AuthorityCheck(epoch: known.epoch)
        return Admission(context: context(known.caller, request, now, check), check: nil)
    }

    private func credential(of request: Request) -> Credential {
        request.isProxied
            ? ForeignToken(request.head.headers).credential : Credential.read(request.head.headers)
    }

    func admit(_ request: Request, to operation: Operation, _ visit: Visit) async throws -> Admission {
        let now = clock.now()
        let credential = credential(of: request)
        let attempt = try await authenticator.begin(credential, from: visit.address, now: now)
        if !operation.acts, let caller = permitted(attempt, operation) {
            return Admission(context: context(caller, request, now), check: attempt)
        }
        // A change is settled before it begins, and so is a refusal: a grant may be newer than what we know.
        let settled = try await authenticator.settle(attempt, from: visit.address, now: now) ?? attempt
        let admission = try await admit(settled, request, operation, now)
        admission.context.settledEpoch = authenticator.known(credential, from: visit.address, now: now)?.epoch
        return admission
    }

    /// Nil: the authority that a read was done under still held when it was read. Otherwise what holds
    /// instead.
    func recheck(
        _ admission: Admission, _ request: Request, _ operation: Operation, _ visit: Visit
    ) async throws -> Admission? {
        guard let check = admission.check else { return nil }
        let now = clock.now()
        guard let fresh = try await authenticator.settle(check, from: visit.address, now: now) else {
            return nil
        }
        return try await admit(fresh, request, operation, now)
    }

    @inline(never)
    private func admit(
        _ attempt: Attempt, _ request: Request, _ operation: Operation, _ now: Timestamp
    ) async throws -> Admission {
        switch attempt.outcome {
        case .anonymous: throw Problem.unauthenticated
        case .refused(let refusal):
            let refused = RefusedRequest(
                method: operation.method.name, route: operation.path, requestID: request.id)
            throw try await authenticator.refuse(refusal, refused, now: now)
        case .caller(let caller):
            if permitted(attempt, operation) == nil, let missing = operation.requires.permission {
                throw Problem.forbidden(missing: missing)
            }
            return Admission(context: context(caller, request, now), check: nil)
        }
    }

    @inline(never)
    private func permitted(_ attempt: Attempt, _ operation: Operation) -> Caller? {
        guard case .caller(let caller) = attempt.outcome else { return nil }
        return operation.requires.admits(caller.rights) ? caller : nil
    }

    @inline(never)
    func anonymous(_ request: Request, _ visit: Visit) -> Context {
        Context(
            actor: Actor(principal: nil, accessToken: nil, address: visit.address), rights: .none,
            now: clock.now(), requestID: request.id)
    }

    @inline(never)
    private func context(
        _ caller: Caller, _ request: Request, _ now: Timestamp, _ check: AuthorityCheck? = nil
    ) -> Context {
        Context(
            actor: caller.actor, rights: caller.rights, now: now, requestID: request.id,
            traceParent: request.head.headers[.traceParent], authority: check)
    }
}

extension Requirement {
    var permission: Permission? {
        switch self {
        case .none, .self: nil
        case .permission(let permission), .scoped(let permission), .permissionUnlessLocal(let permission):
            permission
        }
    }

    /// A scoped one is narrowed by the handler.
    func admits(_ rights: Rights) -> Bool {
        switch self {
        case .none, .self: true
        case .permission(let permission), .permissionUnlessLocal(let permission):
            rights.everywhere.contains(permission)
        case .scoped(let permission): rights.somewhere.contains(permission)
        }
    }
}
