import Access
import HTTPServer
import Identity
import Kernel

/// Leave to enter: the context for the handler and, for a read, the question that must still be settled.
final class Admission {
    fileprivate(set) var context: Context
    let check: Attempt?
    /// What the request must pay before it runs; nil: nothing.
    let due: UseDue?
    /// Nil where nobody was asked who they are.
    let caller: Caller?
    /// They showed that they are there, for this very request.
    fileprivate(set) var isProven = false

    init(context: Context, check: Attempt?, due: UseDue? = nil, caller: Caller? = nil) {
        (self.context, self.check, self.due, self.caller) = (context, check, due, caller)
    }

    /// What it was let in by is compared where it acts: by the operation itself, or by `Ledger`.
    fileprivate func stand(at epoch: Int64, _ operation: Operation) {
        context.settledEpoch = epoch
        if operation.acts, !operation.settlesItself { hold(from: epoch) }
    }

    /// The same, and nobody was asked: what needs approvals is told by rules of that epoch, too.
    fileprivate func assume(at epoch: Int64) {
        context.settledEpoch = epoch
        hold(from: epoch, besides: [.approvals], isAssumed: true)
    }

    private func hold(from epoch: Int64, besides more: [Touched] = [], isAssumed: Bool = false) {
        guard let caller, let principal = caller.actor.principal else { return }
        let grounds = Bearing.grounds(of: principal, by: caller.actor.accessToken, caller.rights)
        context.hold = AuthorityHold(epoch: epoch, grounds: grounds + more, isAssumed: isAssumed)
    }
}

/// Decides who may pass: authentication, then the one permission that the operation demands.
///
/// Nothing is inlined into what waits, as in `Pipeline`.
final class Gate {
    let authenticator: Authenticator
    private let door: FrontDoor
    private let proofs: StepUpCheck
    let clock: Clock

    init(authenticator: Authenticator, door: FrontDoor, proofs: StepUpCheck, clock: Clock) {
        self.proofs = proofs
        self.authenticator = authenticator
        self.door = door
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

    /// How long nobody is asked whether authority moved, where a change compares it: the longer, the more
    /// it has to compare.
    private static let restOfEpoch: Period = .seconds(1)

    /// The context of an operation that settles itself, or by its one change, by what is known; nil: ask as
    /// for any other.
    @inline(never)
    func assumed(_ request: Request, _ operation: Operation, _ visit: Visit) throws -> Admission? {
        // A repeat is told what became of the first: to nobody before it is known who asks.
        guard operation.settlesItself || operation.isOneChange,
            !request.head.headers.contains(.idempotencyKey)
        else { return nil }
        let now = clock.now()
        guard operation.settlesItself || mayAssume(request, now) else { return nil }
        let known = authenticator.known(
            try credential(of: request, to: operation), from: visit.address, now: now)
        guard let known, known.caller.terms == nil, operation.requires.permission != nil,
            operation.requires.admits(known.caller.rights), !known.caller.isOverdue(operation, at: now)
        else { return nil }
        let check = operation.settlesItself ? AuthorityCheck(epoch: known.epoch) : nil
        let admission = Admission(
            context: context(known.caller, request, now, check), check: nil, caller: known.caller)
        if check == nil { admission.assume(at: known.epoch) }
        return admission
    }

    /// Only what is no stream can be said anew.
    private func mayAssume(_ request: Request, _ now: Timestamp) -> Bool {
        let type = request.head.headers[.contentType].flatMap(MediaType.init)
        return type?.essence == "application/json"
            && authenticator.hasAsked(within: Self.restOfEpoch, of: now)
    }

    /// A token says it; cookies come along with whatever a browser sends, and count only without one.
    /// Where they open nothing it is said, so that nobody looks for another mistake.
    func credential(of request: Request, to operation: Operation) throws(Problem) -> Credential {
        let headers = request.head.headers
        let said =
            request.isProxied
            ? ForeignToken(headers).credential
            : request.isOfTokenMetrics ? TokenMetricsKey.credential(in: headers) : Credential.read(headers)
        guard said == .absent else { return said }
        if operation.tokensOnly { throw .accessTokenNeeded }
        guard headers.contains(.cookie) else { return .absent }
        return try SessionCookies.credential(of: request, at: door)
    }

    /// Who asks, as far as that is known without asking anybody.
    @inline(never)
    func known(_ request: Request, _ operation: Operation, _ visit: Visit) -> PrincipalID? {
        guard let credential = try? credential(of: request, to: operation) else { return nil }
        return authenticator.known(credential, from: visit.address, now: clock.now())?.caller.actor.principal
    }

    func admit(_ request: Request, to operation: Operation, _ visit: Visit) async throws -> Admission {
        let now = clock.now()
        let credential = try credential(of: request, to: operation)
        let attempt = try await authenticator.begin(credential, from: visit.address, now: now)
        if !operation.acts, let caller = permitted(attempt, operation), caller.terms == nil,
            !caller.isOverdue(operation, at: now)
        {
            return Admission(context: context(caller, request, now), check: attempt, caller: caller)
        }
        // A change is settled before it begins, and so is a refusal: a grant may be newer than what we know.
        let settled = try await authenticator.settle(attempt, from: visit.address, now: now) ?? attempt
        let admission = try await admit(settled, request, operation, now)
        let known = authenticator.known(credential, from: visit.address, now: now)
        if let known, known.caller == admission.caller { admission.stand(at: known.epoch, operation) }
        return admission
    }

    /// Leave once more for somebody who was let in a while ago, as they stand by now. What the request paid
    /// is paid, and who showed that they are there has shown it.
    func readmit(
        _ admission: Admission, _ request: Request, to operation: Operation, _ visit: Visit
    ) async throws -> Admission {
        let now = clock.now()
        let attempt = try await authenticator.again(
            try credential(of: request, to: operation), from: visit.address, now: now)
        switch attempt.outcome {
        case .anonymous: throw Problem.unauthenticated
        case .refused(let refusal): throw try await refuse(refusal, request, operation, now)
        case .caller(let caller):
            try check(caller, operation, now)
            let fresh = Admission(context: context(caller, request, now), check: nil, caller: caller)
            fresh.isProven = admission.isProven && admission.caller?.actor == caller.actor
            if let epoch = attempt.epoch { fresh.stand(at: epoch, operation) }
            return fresh
        }
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
        case .refused(let refusal): throw try await refuse(refusal, request, operation, now)
        case .caller(let caller):
            let signature = try await signature(of: request, caller, operation, now)
            try check(caller, operation, now)
            return Admission(
                context: context(caller, request, now), check: nil,
                due: caller.terms.map { _ in UseDue(caller: caller, signature: signature) }, caller: caller)
        }
    }

    @inline(never)
    private func check(_ caller: Caller, _ operation: Operation, _ now: Timestamp) throws {
        if !operation.requires.admits(caller.rights), let missing = operation.requires.permission {
            throw Problem.forbidden(missing: missing)
        }
        if caller.isOverdue(operation, at: now) { throw Problem.mfaRequired }
    }

    /// Reports the refusal, and gives the answer.
    nonisolated(nonsending) func refuse(
        _ refusal: Refusal, _ request: Request, _ operation: Operation, _ now: Timestamp
    ) async throws -> Problem {
        let refused = RefusedRequest(
            method: operation.method.name, route: operation.path, requestID: request.id)
        return try await authenticator.refuse(refusal, refused, now: now)
    }

    /// What an operation asks for beyond its permission: the one place where it is looked at.
    @inline(never)
    func stepUp(_ admission: Admission, _ request: Request, _ operation: Operation) async throws {
        guard let demand = operation.stepUp, let caller = admission.caller, !admission.isProven else {
            return
        }
        let action = StepUpAction(
            operation: operation.id, method: operation.method.name, path: request.head.path)
        try await proofs.check(
            demand, of: action, by: caller, request.head.headers, at: admission.context.now)
        admission.isProven = true
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
        var context = Context(
            actor: caller.actor, rights: caller.rights, now: now, requestID: request.id,
            traceParent: request.head.headers[.traceParent], authority: check)
        context.owesFactor = caller.owesFactor(at: now)
        return context
    }
}

extension Caller {
    /// Whether they should have had a second factor by now.
    fileprivate func owesFactor(at now: Timestamp) -> Bool { mfaDueAt.map { $0 <= now } ?? false }

    /// The same for what is more than reading. What a handler asks for beyond it asks again:
    /// `Context.require`.
    fileprivate func isOverdue(_ operation: Operation, at now: Timestamp) -> Bool {
        owesFactor(at: now) && operation.requires.permission.map { !$0.onlyReads } ?? false
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
