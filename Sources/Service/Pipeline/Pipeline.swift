import Access
import EventLoop
import HTTPServer
import Identity
import Kernel
import Postgres
import Signals
import Signing
import TokenMetrics

/// From a request to its answer, in fixed steps that stand in one place: route, seal, authenticate,
/// authorize, rate limit, idempotency, approvals, step-up, handler, errors, record.
///
/// A connection's task keeps the largest frame that its requests ever needed, so what does not wait stands in
/// functions of its own that are not inlined: 9 KB for each idle connection became 3 (massif).
final class Pipeline {
    let router: Router<Requirement, Context>
    let gate: Gate
    let idempotency: IdempotencyGate
    let approvals: ApprovalGate
    let away: AwayGate
    let clock: Clock
    let log: Log
    private let addresses: ClientAddress
    private let sealGate: SealGate
    private let metrics: HTTPMetrics
    private let backlogRest: BacklogRest
    private let guards: BrowserGuards
    private var limiter: RateLimiter
    /// RFC 9110 9.3.7: `OPTIONS *` asks about the server as a whole.
    private let allMethods: String

    init(
        router: Router<Requirement, Context>, gate: Gate, idempotency: IdempotencyGate,
        approvals: ApprovalGate, away: AwayGate, shared: NodeShared, metrics: HTTPMetrics
    ) {
        self.router = router
        self.gate = gate
        self.idempotency = idempotency
        self.approvals = approvals
        self.away = away
        self.metrics = metrics
        clock = shared.clock
        log = shared.log
        backlogRest = shared.backlogRest
        sealGate = SealGate(shared.seal)
        guards = BrowserGuards(isOnlyByTLS: shared.settings.isOnlyByTLS)
        addresses = ClientAddress(trustedProxies: shared.settings.trustedProxies)
        limiter = RateLimiter(perSecond: shared.settings.requestsPerSecond)
        let methods = Set(router.operations.map(\.method.name)).union(["HEAD", "OPTIONS"])
        allMethods = methods.sorted().joined(separator: ", ")
    }

    /// The whole answer where nothing has to wait: a read that is open to anybody, or a refusal on the way.
    /// The asynchronous calls between here and a handler cost 1,800 instructions.
    func answer(_ request: Request) -> Server.Answer {
        var visit = Visit(address: addresses.address(of: request), isLocal: request.isFromThisMachine)
        backlogRest.noteRequest(at: request.receivedAt)
        do {
            guard let operation = try route(request, &visit) else {
                return .now(completed(Response(.noContent).header(.allow, visit.methods), request, visit))
            }
            guard let handle = operation.handleAtOnce, gate.admitsAnybody(request, to: operation, visit)
            else {
                return .later { [visit] in await self.respond(to: request, operation, visit) }
            }
            let context = gate.anonymous(request, visit)
            try enter(request, context, &visit)
            return .now(completed(try handle(request, context), request, visit))
        } catch {
            return .now(completed(refusal(error, request), request, visit))
        }
    }

    func respond(to request: Request) async -> Response {
        switch answer(request) {
        case .now(let response): response
        case .later(let respond): await respond()
        }
    }

    private func respond(
        to request: Request, _ operation: Operation, _ visit: Visit
    ) async -> Response {
        var visit = visit
        let response: Response
        do {
            response = try await answer(request, operation, &visit)
        } catch {
            response = refusal(error, request)
        }
        return completed(response, request, visit)
    }

    @inline(never)
    private func refusal(_ error: any Error, _ request: Request) -> Response {
        let problem = Problem.from(error, log: log, requestID: request.id)
        if request.isProxied, let exchange = ForeignToken(request.head.headers).exchange {
            return ProxyDialect.response(to: problem, as: exchange)
        }
        if request.isOfTokenMetrics { return Envelope.response(to: problem, requestID: request.id) }
        return problem.response(requestID: request.id)
    }

    @inline(never)
    private func completed(_ response: Response, _ request: Request, _ visit: Visit) -> Response {
        var response = response
        response.head.add(.xRequestID, request.id)
        guards.add(to: &response.head)
        if request.isProxied { ProxyTiming.complete(&response, since: request.receivedAt, clock) }
        if let limit = visit.limit { add(limit, to: &response) }
        record(request, response, visit)
        return response
    }

    private func answer(
        _ request: Request, _ operation: Operation, _ visit: inout Visit
    ) async throws -> Response {
        if away.isOn, let context = away.admit(request, visit) {
            try enter(request, context, &visit)
            return try await away.answer(request, context)
        }
        let asked = clock.monotonicNanoseconds()
        let admission = try await admit(request, operation, &visit)
        try checkPrompt(operation, since: asked)
        try enter(request, admission.context, &visit)
        // Before anything of its body is waited for.
        let watch = UploadWatch(request, operation, admission, visit, gate)
        do {
            if let due = admission.due { try await gate.collect(due, request, operation) }
            return try await perform(operation, request, admission, &visit)
        } catch BodyError.unwelcome {
            throw watch?.refusal ?? Problem.unauthenticated
        }
    }

    private func admit(
        _ request: Request, _ operation: Operation, _ visit: inout Visit
    ) async throws -> Admission {
        if gate.admitsAnybody(request, to: operation, visit) {
            return Admission(context: gate.anonymous(request, visit), check: nil)
        }
        try checkGuesses(request, operation, &visit)
        do {
            if let assumed = try gate.assumed(request, operation, visit) { return assumed }
            return try await gate.admit(request, to: operation, visit)
        } catch let problem as Problem {
            try charge(problem, request, operation, &visit)
            throw problem
        }
    }

    /// Uses of keys are worth something now, and not whenever a database that hung says who asks.
    private func checkPrompt(_ operation: Operation, since asked: UInt64) throws {
        guard operation.settlesItself,
            clock.monotonicNanoseconds() &- asked > UInt64(Self.promptly.nanoseconds)
        else { return }
        throw Problem(
            .overloaded, "The database took too long to say who asks. Nothing was done.",
            headers: [(.retryAfter, "1")])
    }

    private static let promptly: Period = .seconds(2)

    /// Nobody is looked for whose address has no requests left: that is how access tokens are guessed. Who is
    /// known pays for themselves.
    @inline(never)
    private func checkGuesses(
        _ request: Request, _ operation: Operation, _ visit: inout Visit
    ) throws {
        guard
            let verdict = limiter.refusal(of: .address(visit.address), now: request.receivedAt),
            gate.known(request, operation, visit) == nil
        else { return }
        visit.limit = verdict
        throw limited(verdict)
    }

    /// Who is not let in has asked something, too: whoever is nobody from their address, and others for
    /// themselves.
    @inline(never)
    private func charge(
        _ problem: Problem, _ request: Request, _ operation: Operation, _ visit: inout Visit
    ) throws {
        if problem.code.status != .unauthorized {
            visit.principal = gate.known(request, operation, visit)
        }
        try limit(&visit, at: request.receivedAt)
    }

    /// What stands between admission and the handler.
    private func enter(_ request: Request, _ context: Context, _ visit: inout Visit) throws {
        visit.principal = context.actor.principal
        try limit(&visit, at: request.receivedAt)
        try request.checkPrecondition()
    }

    /// Nil: the question which methods a path takes.
    @inline(never)
    private func route(_ request: Request, _ visit: inout Visit) throws -> Operation? {
        if request.head.method == .options, request.head.pathBytes.elementsEqual("*".utf8) {
            visit.methods = allMethods
            return nil
        }
        switch try router.match(request.head.method, path: request.head.pathBytes) {
        case .found(let index, let parameters):
            visit.route = index
            request.pathParameters = parameters
            let operation = router.operations[index]
            try sealGate.check(operation)
            return operation
        case .methodNotAllowed(let methods):
            visit.methods = methods.map(\.name).joined(separator: ", ")
            if request.head.method == .options { return nil }
            throw Problem(
                .methodNotAllowed, "This path takes \(visit.methods).", headers: [(.allow, visit.methods)])
        case .notFound: throw Problem(.notFound, "There is nothing at this path.")
        }
    }

    private func perform(
        _ operation: Operation, _ request: Request, _ admission: Admission, _ visit: inout Visit
    ) async throws -> Response {
        var context = admission.context
        let asked = clock.monotonicNanoseconds()
        context.begun = asked
        if operation.method == .post,
            let replay = try await idempotency.begin(request, operation, &context)
        {
            return replay
        }
        try checkPrompt(operation, since: asked)
        // A read runs beside the check of the epoch that its authority was read at; one that was overtaken by
        // a change of authority is dropped and decided again.
        guard admission.check != nil else {
            return try await settling(operation, request, admission, context, visit)
        }
        let result: Result<Response, any Error>
        do {
            result = .success(try await operation.handle(request, context))
        } catch {
            result = .failure(error)
        }
        guard let fresh = try await gate.recheck(admission, request, operation, visit) else {
            return try result.get()
        }
        return try await finish(operation, request, fresh.context, fresh)
    }

    /// More often than this authority does not move in the time of one request.
    private static let settlingsAtMost = 20

    /// In the transaction in which it acts it is compared whether its caller's authority still is what it
    /// was: by the operation itself, or by `Ledger`. As long as that was not so it has done nothing, and
    /// whatever it said is said anew under what holds now.
    private func settling(
        _ operation: Operation, _ request: Request, _ admission: Admission, _ context: Context,
        _ visit: Visit
    ) async throws -> Response {
        var (admission, context) = (admission, context)
        for _ in 0..<Self.settlingsAtMost {
            let result: Result<Response, any Error>
            do {
                result = .success(try await finish(operation, request, context, admission))
            } catch {
                result = .failure(error)
            }
            if result.stands(under: context) { return try result.get() }
            let asked = clock.monotonicNanoseconds()
            admission = try await gate.readmit(admission, request, to: operation, visit)
            try checkPrompt(operation, since: asked)
            guard let body = request.body.again else { return try result.get() }
            request.body = body
            context = context.again(under: admission.context)
        }
        throw Problem(.overloaded, "Authority moved too often. Nothing was done.")
    }

    /// What needs approvals is kept for them, once the person who wants it has shown that they are there.
    private func finish(
        _ operation: Operation, _ request: Request, _ context: Context, _ admission: Admission
    ) async throws -> Response {
        let response: Response
        let parked = try await approvals.intercept(operation, request, context) {
            try await gate.stepUp(admission, request, operation)
        }
        if let parked {
            response = parked
        } else {
            response = try await confirmed(operation, request, context, admission)
        }
        if context.idempotency != nil { await idempotency.keep(response, operation, context) }
        // What is shown once is kept by nobody on the way.
        let isShownOnce = operation.repeats == .refusal
        return isShownOnce ? response.header(.cacheControl, "no-store") : response
    }

    /// Carried out, once the person who asks has shown that they are there, where that is asked for.
    private func confirmed(
        _ operation: Operation, _ request: Request, _ context: Context, _ admission: Admission
    ) async throws -> Response {
        guard let demand = operation.stepUp else { return try await operation.handle(request, context) }
        guard demand.isConditional else {
            try await gate.stepUp(admission, request, operation)
            return try await operation.handle(request, context)
        }
        let body = try await request.body.collect(limit: operation.bodyLimit)
        request.body = RequestBody(bytes: body)
        do {
            return try await operation.handle(request, context)
        } catch is StepUpWanted {
            // It has done nothing yet.
            try await gate.stepUp(admission, request, operation)
        }
        request.body = RequestBody(bytes: body)
        var context = context
        context.isConfirmed = true
        return try await operation.handle(request, context)
    }

    private func limit(_ visit: inout Visit, at now: UInt64) throws {
        guard limiter.perSecond > 0 else { return }
        let caller = visit.principal.map(RateLimiter.Caller.principal) ?? .address(visit.address)
        let verdict = limiter.take(caller, now: now)
        visit.limit = verdict
        guard verdict.isAllowed else { throw limited(verdict) }
    }

    private func limited(_ verdict: RateLimiter.Verdict) -> Problem {
        Problem(
            .rateLimited, "More than \(limiter.perSecond) requests a second.",
            headers: [(.retryAfter, String(verdict.retryAfter))])
    }

    private func add(_ limit: RateLimiter.Verdict, to response: inout Response) {
        response.head.add(limiter.policy)
        response.head.add(.rateLimit, "\"default\";r=", limit.remaining, ";t=1")
    }

    private func record(_ request: Request, _ response: Response, _ visit: Visit) {
        let nanoseconds = clock.monotonicNanoseconds() &- request.receivedAt
        metrics.observe(route: visit.route, status: response.head.status, nanoseconds: nanoseconds)
        guard log.level <= .info else { return }
        log.info("request") { line in
            line.text(Self.requestID, request.id)
            line.text(Self.method, request.head.method.name)
            line.text(Self.path, LoggedPath.text(request.head.pathBytes))
            line.int(Self.status, Int64(response.head.status.code))
            line.int(Self.microseconds, Int64(nanoseconds / 1_000))
            line.text(Self.address, visit.address?.description ?? "unix")
            line.text(Self.principal, visit.principal?.description ?? "")
        }
    }
}

extension Result<Response, any Error> {
    /// Whether it is the answer. What was only assumed has to be compared first; what the database said of
    /// the caller may have been overtaken.
    fileprivate func stands(under context: Context) -> Bool {
        if isOverload { return true }
        if let authority = context.authority { return authority.isSettled }
        if case .failure(is AuthorityMoved) = self { return false }
        if let hold = context.hold, hold.isAssumed { return hold.isActedOn || isOfDatabase }
        return true
    }

    /// Nobody knows whether something was done.
    private var isOfDatabase: Bool {
        if case .failure(is PostgresError) = self { true } else { false }
    }

    /// To be done again at once would answer an overload with twice the load.
    private var isOverload: Bool {
        guard case .failure(let problem as Problem) = self else { return false }
        return problem.code == .overloaded
    }
}

/// The fields of the access log.
extension Pipeline {
    private static let requestID = LogName("request_id")
    private static let method = LogName("method")
    private static let path = LogName("path")
    private static let status = LogName("status")
    private static let microseconds = LogName("microseconds")
    private static let address = LogName("address")
    private static let principal = LogName("principal")
}

/// What the pipeline learns about a request on its way.
struct Visit {
    let address: IPAddress?
    let isLocal: Bool
    var route: Int?
    /// What the path takes, when the request's method is not among it.
    var methods = ""
    var principal: PrincipalID?
    var limit: RateLimiter.Verdict?
}
