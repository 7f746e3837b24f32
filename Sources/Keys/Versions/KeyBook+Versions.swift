import Exchanges
import Access
import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// How versions come to a key, take over, and go.
extension KeyBook {
    /// A key's next version, and what it makes of the key. The key is locked, and written by the caller.
    nonisolated(nonsending) func take(
        _ matter: CredentialMatter, _ draft: CredentialDraft, into key: inout ExchangeKey,
        _ orders: [StandingOrder], by author: PrincipalID? = nil, _ change: Change
    ) async throws -> KeyVersion {
        let versions = try await KeyVersionStore.all(of: key.id, in: change.transaction)
        let version = try await add(matter, draft, to: key, versions, by: author, change)
        let order = orders.strictest(over: key)
        if version.state == .current {
            key.use(version, under: order, at: change.context.now)
            change.touch(.key(key.id))
        } else if key.currentVersion == nil {
            key.wait(under: order, at: change.context.now)
        }
        key.touch(at: change.context.now)
        return version
    }

    /// Seals a credential as the key's next version: the current one when it is the first, else pending.
    /// - Parameter author: who answers for it, where nobody is logged in.
    nonisolated(nonsending) func add(
        _ matter: CredentialMatter, _ draft: CredentialDraft, to key: ExchangeKey, _ versions: [KeyVersion],
        by author: PrincipalID? = nil, _ change: Change
    ) async throws -> KeyVersion {
        try checkRoom(in: versions)
        let isFirst = key.currentVersion == nil && !matter.apiKey.isEmpty
        let version = KeyVersion(
            number: (versions.last?.number ?? 0) + 1, state: isFirst ? .current : .pending, kind: matter.kind,
            origin: draft.origin, apiKeyHint: KeyVersion.hint(of: matter.apiKey),
            publicKeyPEM: matter.publicKeyPEM, fingerprint: try custody.fingerprint(of: matter),
            createdAt: change.context.now, createdBy: change.context.actor.principal ?? author ?? key.owner,
            activatedAt: isFirst ? change.context.now : nil)
        if draft.mayRepeat {
            try await tellOfBait(besides: version, of: key, change)
        } else {
            try await refuseTwin(of: version, key, change)
        }
        let sealed = try custody.seal(matter, of: key.id, version: version.number)
        try await KeyVersionStore.insert(version, credential: sealed, of: key.id, in: change.transaction)
        try await KeyVersionStore.show(versions + [version], of: key.id, in: change.transaction)
        change.audit("keys.versions.create", key.id, detail: version.auditDetail)
        if version.number > 1 { tellOfBait(key, "add_version", change) }
        change.emit(key.versionCreated(version))
        try await handOver(version, of: key, change)
        return version
    }

    /// A new key's first credential.
    nonisolated(nonsending) func begin(
        _ matter: CredentialMatter, _ draft: CredentialDraft, _ fresh: ExchangeKey,
        _ orders: [StandingOrder], _ change: Change
    ) async throws -> KeyRow {
        var key = fresh
        let version = try await add(matter, draft, to: key, [], change)
        let order = orders.strictest(over: key)
        if version.state == .current {
            key.use(version, under: order, at: change.context.now)
        } else {
            key.wait(under: order, at: change.context.now)
        }
        let row = try await finish(key, change)
        if version.origin == .file, version.state == .current {
            _ = try await openRotation(of: key, .usual("The secret lay in a file."), .file, change)
        }
        return row
    }

    /// Throws unless the secret is that of the key's current version.
    nonisolated(nonsending) func prove(
        _ matter: CredentialMatter, isSecretOf key: ExchangeKey, _ change: Change
    ) async throws {
        let text = KeyCustody.text(ofFingerprint: try custody.fingerprint(of: matter))
        guard text != key.fingerprint else { return }
        throw FieldErrors(
            FieldError(
                pointer: "/credential/secret", code: "not_allowed",
                message: "is not the secret of the current version"))
    }

    /// A generated pair gets the name that the exchange gave it.
    nonisolated(nonsending) func name(
        _ version: inout KeyVersion, _ apiKey: String, of key: ExchangeKey, _ change: Change
    ) async throws {
        guard version.waitsForAPIKey else {
            throw FieldErrors(
                FieldError(
                    pointer: "/api_key", code: "not_allowed",
                    message: "is for a generated pair that waits for it"))
        }
        let sealed = try await KeyVersionStore.credential(
            of: key.id, version: version.number, in: change.transaction)
        guard let sealed else { throw Problem(.conflict, "Version \(version.number) was destroyed.") }
        let matter = try custody.open(sealed, of: key, version: version.number).named(apiKey)
        let fresh = try custody.seal(matter, of: key.id, version: version.number)
        try await KeyVersionStore.reseal(
            version.number, of: key.id, credential: fresh, in: change.transaction)
        version.apiKeyHint = KeyVersion.hint(of: apiKey)
    }

    private func checkRoom(in versions: [KeyVersion]) throws {
        if let pending = versions.first(where: { $0.state == .pending }) {
            throw Problem(
                .conflict, "Version \(pending.number) is pending already: activate or destroy it first.")
        }
        guard versions.count < KeyVersionStore.limit else {
            throw Problem(.conflict, "The key has \(versions.count) versions: register another key.")
        }
    }

    private nonisolated(nonsending) func refuseTwin(
        of version: KeyVersion, _ key: ExchangeKey, _ change: Change
    ) async throws {
        let twin = try await KeyVersionStore.twin(
            of: version.fingerprint, notOf: key.id, version: version.number, in: change.transaction)
        guard let twin else { return }
        throw Problem(
            .duplicateSecret,
            "The same secret is version \(twin.version) of another key. `allow_duplicate` takes it.",
            errors: [
                FieldError(
                    pointer: "/credential/secret", code: "duplicate", message: "is registered already")
            ],
            members: [("key_id", .string(twin.key.description))])
    }

    /// Makes a version the one that is used; what was used becomes previous.
    nonisolated(nonsending) func activate(
        _ number: Int, of key: inout ExchangeKey, _ versions: [KeyVersion], _ change: Change
    ) async throws {
        let orders = try await StandingOrders.read(in: change.transaction)
        var all = versions
        // The old one first: there are never two.
        for index in all.indices where all[index].state == .current && all[index].number != number {
            all[index].state = .previous
            all[index].retiredAt = change.context.now
            try await KeyVersionStore.update(all[index], of: key.id, in: change.transaction)
        }
        guard let index = all.firstIndex(where: { $0.number == number }) else { return }
        all[index].state = .current
        all[index].activatedAt = change.context.now
        all[index].retiredAt = nil
        try await KeyVersionStore.update(all[index], of: key.id, in: change.transaction)
        try await KeyVersionStore.show(all, of: key.id, in: change.transaction)
        try await KeyDeletionStore.withdraw(key.id, number, in: change.transaction)
        key.use(all[index], under: orders.strictest(over: key), at: change.context.now)
        key.touch(at: change.context.now)
        change.audit("keys.versions.activate", key.id, detail: all[index].auditDetail)
        change.emit(key.versionActivated(all[index]))
        change.touch(.key(key.id))
    }
}

extension KeyVersion {
    var auditDetail: JSONValue {
        [
            "version": .number(JSONNumber(Int64(number))), "kind": .string(kind.rawValue),
            "origin": .string(origin.rawValue),
        ]
    }
}

extension ExchangeKey {
    func versionCreated(_ version: KeyVersion) -> NewEvent {
        event(.keyVersionCreated, Self.fields(of: version))
    }

    func versionActivated(_ version: KeyVersion) -> NewEvent {
        event(.keyVersionActivated, Self.fields(of: version))
    }

    func versionDestroyed(_ version: KeyVersion, reason: String) -> NewEvent {
        event(
            .keyVersionDestroyed,
            ["version": .number(JSONNumber(Int64(version.number))), "reason": .string(reason)])
    }

    private static func fields(of version: KeyVersion) -> KeyValuePairs<String, JSONValue> {
        [
            "version": .number(JSONNumber(Int64(version.number))), "kind": .string(version.kind.rawValue),
            "origin": .string(version.origin.rawValue),
        ]
    }
}
