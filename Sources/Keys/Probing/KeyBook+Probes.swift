import Access
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// What is learnt by asking, and what follows from it.
extension KeyBook {
    /// In a row without an answer before it is an event.
    static let failuresTold = 3

    /// Asks the exchange about a key, at one host after the other while each refuses the key. Every request
    /// is admitted and recorded by itself.
    nonisolated(nonsending) func look(
        _ purpose: KeyPurpose, _ id: ExchangeKeyID, version: Int? = nil, by prober: KeyProber,
        _ context: Context, note: (ExchangeKey, Change) throws -> JSONValue
    ) async throws -> (use: KeyUse, seen: ProbeSighting) {
        let turn = try await turn(of: id)
        defer { turn?.end() }
        let use = try await admit(purpose, id, version: version, context) { key, _, change in
            try note(key, change)
        }
        var seen = try await prober.look(use, in: turn)
        let places = use.key.exchange.adapter.probes(in: use.key.environment).count
        // The first use was the repeatable effect.
        var claimless = context
        claimless.idempotency = nil
        for place in 1..<max(places, 1) where seen.isRefusal {
            let again = try await admit(purpose, id, version: use.version, claimless) { key, _, change in
                try note(key, change)
            }
            seen = seen.joined(with: try await prober.look(again, at: place, in: turn), by: use.key.exchange)
        }
        return (use, seen)
    }

    /// Where each request needs a higher number than the last, none may overtake another.
    private nonisolated(nonsending) func turn(of id: ExchangeKeyID) async throws -> KeySenders.Turn? {
        guard let senders else { return nil }
        guard try await KeyStore.exchange(of: id, in: ledger.database)?.wantsNonce == true else { return nil }
        return try await senders.turn(of: id)
    }

    /// Writes a probe's outcome: what the exchange says, its drift, and the end of quarantine where nothing
    /// stands against it.
    /// - Parameter acceptedRisks: why somebody answers for them.
    nonisolated(nonsending) func learn(
        _ outcome: ProbeOutcome, from use: KeyUse, accepting acceptedRisks: String?, _ context: Context
    ) async throws -> (key: ExchangeKey, record: ProbeRecord?) {
        // The use was the repeatable effect; what it told is written whenever it comes.
        var claimless = context
        claimless.idempotency = nil
        return try await change(claimless) { change in
            let orders = try await StandingOrders.held(in: change.transaction)
            var key = try await locked(use.key.id, change)
            let before = try await ProbeRecord.find(key.id, in: change.transaction)
            let uid = try await AccountStore.uid(of: key, in: change.transaction)
            let outcome = key.isDecoy ? outcome.naming(uid) : outcome
            let senders = try await egress.addresses(
                of: key.egressAddress, at: change.context.now, in: change.transaction)
            let drift = outcome.drift(of: key, uid: uid, sentFrom: senders, before: before)
            let failures = outcome.permissions == nil ? (before?.failures ?? 0) + 1 : 0
            let now = change.context.now
            try await ProbeRecord.write(
                outcome, of: key, version: use.version, drift: drift,
                next: ProbeSchedule.next(
                    for: key.id, failures: failures, isWatched: outcome.decidesMarks(of: key.exchange),
                    after: now), at: now, in: change.transaction)
            tell(outcome, drift, before, failures, key, change)
            if let found = outcome.permissions {
                // Whoever knows the key has to read it anew.
                let reads = (found.nonceWindow, found.accountMode)
                if reads != (before?.nonceWindow, before?.accountMode) { key.touch(at: now) }
                let granted = found.areTold ? found.list.map(\.rawValue) : nil
                if granted != before?.permissions { change.touch(.key(key.id)) }
                try await confirm(use, found, acceptedRisks, &key, orders, change)
            }
            return (key, try await ProbeRecord.find(key.id, in: change.transaction))
        }
    }

    private nonisolated(nonsending) func confirm(
        _ use: KeyUse, _ found: ProbedPermissions, _ acceptedRisks: String?, _ key: inout ExchangeKey,
        _ orders: [StandingOrder], _ change: Change
    ) async throws {
        let now = change.context.now
        var versions = try await KeyVersionStore.all(of: key.id, in: change.transaction)
        guard let index = versions.firstIndex(where: { $0.number == use.version }) else { return }
        versions[index].verifiedAt = now
        try await KeyVersionStore.update(versions[index], of: key.id, in: change.transaction)
        try await KeyVersionStore.show(versions, of: key.id, in: change.transaction)
        let order = orders.strictest(over: key)
        let mayLeave =
            key.isQuarantined && use.version == key.currentVersion
            && (found.risks.isEmpty || acceptedRisks != nil || key.risksAccepted != nil)
        if mayLeave {
            key.leaveQuarantine(
                accepting: found.risks.isEmpty ? nil : acceptedRisks, under: order, at: now)
            change.audit(
                "keys.leave_quarantine", key.id,
                detail: [
                    "risks": .array(found.risks.map { .string($0) }),
                    "accepted": .string(acceptedRisks ?? ""),
                ])
            change.emit(key.statusEvent)
            change.touch(.key(key.id))
        }
        if let expiresAt = found.expiresAt, key.follow(expiresAt, at: now) {
            change.emit(key.changed(["expires_at"]))
        }
        _ = try await update(key, change)
    }

    private func tell(
        _ outcome: ProbeOutcome, _ drift: [String], _ before: ProbeRecord?, _ failures: Int,
        _ key: ExchangeKey, _ change: Change
    ) {
        if !drift.isEmpty, drift != before?.drift ?? [] {
            change.emit(key.event(.keyDrifted, ["drift": .array(drift.map { .string($0) })]))
        }
        let fields: KeyValuePairs<String, JSONValue> = [
            "outcome": .string(outcome.name), "detail": outcome.detail.map { .string($0) } ?? .null,
        ]
        switch outcome.name {
        case "key_refused" where before?.outcome != "key_refused": change.emit(key.event(.keyRefused, fields))
        case "address_refused", "unreachable", "key_or_address_refused":
            if failures == Self.failuresTold { change.emit(key.event(.keyUnreachable, fields)) }
        default: break
        }
    }
}

extension ProbeOutcome {
    /// A decoy belongs to the account that it stands in.
    fileprivate func naming(_ uid: String?) -> ProbeOutcome {
        guard let uid, case .confirmed(var found) = self, found.uid != nil else { return self }
        found.uid = uid
        return .confirmed(found)
    }
}
