import Access
import Audit
package import Events
import JSON
package import Kernel
import Synchronization

/// The refusals of a node, counted together: its workers share the budget.
package final class Refusals: Sendable {
    private let budget = Mutex(RefusalBudget())

    package init() {}

    /// Writes the refusal down, within the budget, and returns when that is committed: whoever is refused has
    /// been reported. Beyond the budget it is only counted.
    package nonisolated(nonsending) func record(
        _ refusal: Refusal, _ request: RefusedRequest, at now: Timestamp, in ledger: Ledger
    ) async throws {
        let isTold = budget.withLock { $0.tells(refusal, request, at: now) }
        guard isTold else { return }
        let sum = RefusalBudget.Sum(refusal: refusal, request: request, count: 1)
        try await ledger.record(sum.context(at: now)) { $0.note(sum) }
    }

    /// The same of a token that is good once and counts for nothing, whatever the reason: to whoever watches
    /// a refused access token.
    nonisolated(nonsending) func record(
        oneTime secret: AccessTokenSecret?, _ route: String, _ context: Context, in ledger: Ledger
    ) async throws {
        let refusal = Refusal(secret == nil ? .malformed : .unknown, from: context.actor.address)
        let refused = RefusedRequest(method: "POST", route: route, requestID: context.requestID)
        try await record(refusal, refused, at: context.now, in: ledger)
    }

    /// Writes down the sums of minutes that are over, in one transaction. To be called every few seconds.
    package nonisolated(nonsending) func flush(at now: Timestamp, in ledger: Ledger) async throws {
        try await write(budget.withLock { $0.takeSums(at: now) }, at: now, in: ledger)
    }

    /// The same of what waits of a user, before it is told that the user logged in: whoever watches for a
    /// log-in after failures sees the failures first. Nowhere else: it would tell that there is such a user.
    nonisolated(nonsending) func flush(
        logInsOf user: UserID, at now: Timestamp, in ledger: Ledger
    ) async throws {
        try await write(budget.withLock { $0.takeSums(of: user) }, at: now, in: ledger)
    }

    private nonisolated(nonsending) func write(
        _ sums: [RefusalBudget.Sum], at now: Timestamp, in ledger: Ledger
    ) async throws {
        guard let first = sums.first else { return }
        do {
            var context = first.context(at: now)
            context.actor = .installation
            try await ledger.record(context) { change in
                for sum in sums { change.note(sum) }
            }
        } catch {
            budget.withLock { $0.giveBack(sums) }
            throw error
        }
    }
}

extension RefusalBudget.Sum {
    fileprivate func context(at now: Timestamp) -> Context {
        Context(
            actor: Actor(principal: nil, accessToken: nil, address: refusal.address), rights: .none,
            now: now,
            requestID: request.requestID)
    }
}

extension Change {
    fileprivate func note(_ sum: RefusalBudget.Sum) {
        if case .login(let user) = sum.refusal.subject { return note(sum, of: user) }
        let refusal = sum.refusal
        let address = refusal.address?.description ?? "unix"
        let subject = refusal.known?.token.description ?? address
        emit(
            NewEvent(
                .accessTokenRefused, subject: subject,
                [
                    "access_token_id": JSONValue(refusal.known?.token.description),
                    "principal_id": JSONValue(refusal.known?.principal.description),
                    "name": JSONValue(refusal.known?.name), "reason": .string(refusal.reason.rawValue),
                    "address": .string(address), "method": .string(sum.request.method),
                    "route": .string(sum.request.route), "count": .number(JSONNumber(Int64(sum.count))),
                ]))
        audit(
            "access_tokens.refuse", subject, outcome: .denied,
            detail: [
                "reason": .string(refusal.reason.rawValue), "address": .string(address),
                "method": .string(sum.request.method), "route": .string(sum.request.route),
                "count": .number(JSONNumber(Int64(sum.count))),
            ])
    }
}

extension Change {
    private func note(_ sum: RefusalBudget.Sum, of user: UserID?) {
        let address = sum.refusal.address?.description ?? "unix"
        let (reason, count) = (
            JSONValue.string(sum.refusal.reason.rawValue), JSONValue.number(JSONNumber(Int64(sum.count)))
        )
        let subject = user?.description ?? address
        emit(
            NewEvent(
                .loginFailed, subject: subject,
                [
                    "user_id": JSONValue(user), "reason": reason, "address": .string(address),
                    "count": count,
                ]))
        audit(
            "login.refuse", subject, outcome: .denied,
            detail: ["reason": reason, "address": .string(address), "count": count])
    }
}

extension JSONValue {
    /// Nil is null.
    init(_ text: (some CustomStringConvertible)?) { self = text.map { .string($0.description) } ?? .null }
}
