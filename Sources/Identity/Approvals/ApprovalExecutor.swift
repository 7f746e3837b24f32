package import Access
import EventLoop
import Events
package import HTTPServer
import JSON
package import Kernel
import Postgres

/// Carries out what was approved, in process, by the handlers that any request comes to.
package final class ApprovalExecutor {
    /// How often authority may move before an operation is given up.
    private static let attemptsAtMost = 20
    /// Of an answer that is kept.
    private static let answerBytes = 64 * 1_024

    private let book: ApprovalBook
    private let log: Log
    private let problem: (any Error, String) -> Problem
    private var router: Router<Requirement, Context>?

    /// - Parameter problem: what an error means to outsiders, by the request's id.
    package init(book: ApprovalBook, log: Log, problem: @escaping (any Error, String) -> Problem) {
        (self.book, self.log, self.problem) = (book, log, problem)
    }

    /// All operations, once they are there.
    package func bind(_ operations: [Operation]) { router = Router(operations) }

    /// Runs it if it is its time. What becomes of it is written down; nobody is told but by that.
    package nonisolated(nonsending) func run(_ id: ApprovalID) async {
        do {
            guard case .ready(let claim) = try await book.claim(id, by: nil, needing: permission) else {
                return
            }
            _ = await carryOut(claim)
        } catch {
            log.warning(
                "an approved request waits", ["approval": .text("\(id)"), "error": .text("\(error)")])
        }
    }

    /// Runs it for whoever fetches its answer, which is kept nowhere.
    package nonisolated(nonsending) func fetch(_ id: ApprovalID, _ context: Context) async throws -> Response
    {
        try await refuseSession(id, context)
        switch try await book.claim(id, by: context, needing: permission) {
        case .ready(let claim): return try await carryOut(claim).get()
        case .refused(let sentence): throw Problem(.conflict, sentence)
        case .nothing(.approved): throw Problem(.conflict, "Its delay is not over yet.")
        case .nothing(let state): throw Problem(.conflict, "It is \(state.rawValue).")
        }
    }

    /// What no session opens is not shown to one because others approved it.
    private nonisolated(nonsending) func refuseSession(_ id: ApprovalID, _ context: Context) async throws {
        guard context.actor.session != nil else { return }
        let approval = try await ApprovalStore.find(id, in: book.ledger.database)
        guard approval.isOf(context.actor.principal), operation(approval)?.tokensOnly == true else { return }
        throw Problem.accessTokenNeeded
    }

    private func permission(_ approval: Approval) -> Permission? {
        operation(approval).flatMap { Self.permission(of: $0.requires) }
    }

    private static func permission(of requirement: Requirement) -> Permission? {
        switch requirement {
        case .none, .self: nil
        case .permission(let permission), .scoped(let permission), .permissionUnlessLocal(let permission):
            permission
        }
    }

    private func operation(_ approval: Approval) -> Operation? {
        router?.operations.first { $0.id == approval.operation }
    }

    // MARK: Running

    private nonisolated(nonsending) func carryOut(
        _ claim: ApprovalClaim
    ) async -> Result<Response, any Error> {
        let id = claim.approval.id
        let result = await attempt(claim)
        do {
            try await book.finish(id, ending(result, of: claim.approval))
        } catch {
            // A job finds it, and says that nobody knows.
            log.error("the end of an approved request is not written", ["approval": .text("\(id)")])
        }
        return result
    }

    private nonisolated(nonsending) func attempt(_ claim: ApprovalClaim) async -> Result<Response, any Error>
    {
        var claim = claim
        for _ in 0..<Self.attemptsAtMost {
            var check: AuthorityCheck?
            do {
                let (operation, request) = try made(claim)
                if operation.settlesItself { check = AuthorityCheck(epoch: claim.epoch) }
                return .success(
                    try await operation.handle(request, claim.context.settling(check, claim.epoch)))
            } catch {
                // As long as that was not compared, it has done nothing.
                let isMoved = check.map { !$0.isSettled && !(error is Problem) } ?? (error is AuthorityMoved)
                guard isMoved else { return .failure(error) }
            }
            do {
                claim = try await book.renew(claim, needing: permission(claim.approval))
            } catch let obstacle as ApprovalBook.Obstacle {
                return .failure(Problem(.conflict, obstacle.sentence))
            } catch {
                return .failure(error)
            }
        }
        return .failure(Problem(.overloaded, "Authority moved too often. Nothing was done."))
    }

    /// The request as it came, at the operation that it was approved for.
    private func made(_ claim: ApprovalClaim) throws -> (Operation, Request) {
        let address = claim.approval.address ?? IPAddress(v4: 0x7F00_0001)
        let request = try claim.request.request(
            id: claim.approval.id.description, peer: .ip(address, port: 0),
            receivedAt: book.ledger.clock.monotonicNanoseconds())
        guard let router,
            case .found(let index, let parameters) = try router.match(
                request.head.method, path: request.head.pathBytes),
            router.operations[index].id == claim.approval.operation
        else { throw Problem(.conflict, "There is no such operation any more.") }
        request.pathParameters = parameters
        return (router.operations[index], request)
    }

    // MARK: What is written down

    private func ending(
        _ result: Result<Response, any Error>, of approval: Approval
    ) -> ApprovalBook.Ending {
        switch result {
        case .success(let response):
            return ApprovalBook.Ending(
                state: .executed, status: response.head.status.code, error: nil,
                body: approval.isFetched ? nil : shown(response))
        case .failure(let error):
            let problem = problem(error, approval.id.description)
            let isUnknown = problem.code.code == "outcome_unknown" || error.isCommitUnknown
            return ApprovalBook.Ending(
                state: isUnknown ? .unknown : .failed, status: problem.code.status.code,
                error: problem.detail, body: shown(problem.response(requestID: approval.id.description)))
        }
    }

    private func shown(_ response: Response) -> JSONValue? {
        guard case .bytes(let bytes) = response.body else { return nil }
        return bytes.count <= Self.answerBytes ? Redaction.body(bytes) : .string("[\(bytes.count) bytes]")
    }
}

extension Error {
    /// Whether it was done is not known.
    fileprivate var isCommitUnknown: Bool {
        if case .commitUnknown? = self as? PostgresError { return true }
        return false
    }
}

extension Context {
    fileprivate func settling(_ check: AuthorityCheck?, _ epoch: Int64) -> Context {
        var context = Context(
            actor: actor, rights: rights, now: now, requestID: requestID, traceParent: traceParent,
            authority: check)
        (context.settledEpoch, context.approval) = (epoch, approval)
        if check == nil, let principal = actor.principal {
            let grounds = Bearing.grounds(of: principal, by: actor.accessToken, rights)
            context.hold = AuthorityHold(epoch: epoch, grounds: grounds)
        }
        return context
    }
}
