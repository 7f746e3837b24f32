import Access
import Events
import JSON
import Kernel
import Postgres

/// Uses of decoy access tokens: each is told of, once a minute for a token and an address.
final class TouchedBait {
    private struct Place: Hashable {
        let token: AccessTokenID
        let address: IPAddress?
    }

    private static let every: Period = .minutes(1)
    /// Whoever comes from more addresses is told of more often than once.
    private static let kept = 1_024

    private var told: [Place: Timestamp] = [:]

    nonisolated(nonsending) func touched(
        _ standing: Standing, _ caller: Caller, at now: Timestamp, in ledger: Ledger
    ) async throws(PostgresError) {
        let place = Place(token: standing.token, address: caller.actor.address)
        if let last = told[place], now - last < Self.every { return }
        if told.count >= Self.kept { told.removeAll(keepingCapacity: true) }
        told[place] = now
        let context = Context(actor: caller.actor, rights: .none, now: now, requestID: "")
        do {
            try await ledger.record(context) { change in change.emit(Self.event(standing, caller)) }
        } catch {
            // Told at the next use: the request itself will find the database away.
            told[place] = nil
            throw error as? PostgresError ?? .unavailable
        }
    }

    private static func event(_ standing: Standing, _ caller: Caller) -> NewEvent {
        NewEvent(
            .accessTokenDecoyTouched, subject: standing.token,
            [
                "access_token_id": JSONValue(standing.token), "principal_id": JSONValue(standing.principal),
                "name": .string(standing.name),
                "address": caller.actor.address.map { .string($0.description) } ?? .null,
            ])
    }
}
