import Access
import Crypto
import Events
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Sealed versions over HTTP.
struct VersionEndpoints {
    private static let bodyBytes = 1 << 20

    let database: Database
    let book: KeyBook
    let makeMatter: MakeMatter

    var operations: [Operation] {
        [
            Operation(
                .get, "/v1/keys/{key_id}/versions", id: "listKeyVersions", requires: .scoped(.keysRead),
                errors: [.notFound], bodyLimit: 0, handle: list),
            Operation(
                .post, "/v1/keys/{key_id}/versions", id: "createKeyVersion",
                requires: .scoped(.keysWrite), errors: Self.errors + [.duplicateSecret],
                bodyLimit: Self.bodyBytes, handle: create),
            Operation(
                .post, "/v1/keys/{key_id}/versions/{version}/activate", id: "activateKeyVersion",
                requires: .scoped(.keysWrite), errors: Self.errors + [.preconditionFailed],
                bodyLimit: Self.bodyBytes, handle: activate),
            Operation(
                .post, "/v1/keys/{key_id}/versions/{version}/destroy", id: "destroyKeyVersion",
                requires: .scoped(.keysDestroy), errors: Self.errors + [.preconditionFailed],
                bodyLimit: Self.bodyBytes, stepUp: .recently, handle: destroy),
            Operation(
                .post, "/v1/keys/{key_id}/reveal", id: "revealKey", requires: .scoped(.keysReveal),
                errors: Self.errors + [.alreadyDone], bodyLimit: Self.bodyBytes, repeats: .refusal,
                stepUp: .strictly, tokensOnly: true, handle: reveal),
        ]
    }

    private static let errors: [ProblemCode] = [.notFound, .conflict, .keyTampered]

    private nonisolated(nonsending) func list(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.keyID()
        guard try await KeyStore.find(id, in: database) != nil else { throw Problem.notFound("key") }
        let versions = try await KeyVersionStore.all(of: id, in: database)
        return Response.object { w in
            w.array("data", versions) { w, version in w.value(version) }
            w.null("next_cursor")
        }
    }

    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.keyID()
        guard let exchange = try await KeyStore.exchange(of: id, in: database) else {
            throw Problem.notFound("key")
        }
        var fields = try await request.fields(limit: Self.bodyBytes)
        let draft = CredentialDraft.read(&fields)
        try fields.finish()
        guard let draft else { throw Problem.notFound("key") }
        let matter = try await makeMatter(draft, exchange)
        let row = try await book.change(context) { change in
            let orders = try await StandingOrders.held(in: change.transaction)
            var key = try await book.usable(id, change)
            _ = try await book.take(matter, draft, into: &key, orders, change)
            return try await book.finish(key, change)
        }
        return row.response(.created, for: context)
    }

    private nonisolated(nonsending) func activate(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let (id, number) = (try request.keyID(), try request.versionNumber())
        let apiKey = try await apiKey(request)
        let row = try await book.change(context) { change in
            _ = try await StandingOrders.held(in: change.transaction)
            var key = try await book.usable(id, change)
            try request.match(revision: key.revision, required: false)
            var versions = try await KeyVersionStore.all(of: id, in: change.transaction)
            guard let index = versions.firstIndex(where: { $0.number == number }) else {
                throw Problem.notFound("version")
            }
            if let apiKey {
                try await book.name(&versions[index], apiKey, of: key, change)
            } else if versions[index].waitsForAPIKey {
                throw FieldErrors(
                    FieldError(
                        pointer: "/api_key", code: FieldCode.missing,
                        message: "is required: the exchange's name for the public key"))
            }
            switch versions[index].state {
            case .destroyed: throw Problem(.conflict, "Version \(number) was destroyed, which is for good.")
            case .current: change.audit("keys.versions.activate", id, detail: ["unchanged": true])
            case .pending, .previous:
                try await book.checkFreeToActivate(number, of: key, change)
                try await book.activate(number, of: &key, versions, change)
            }
            return try await book.finish(key, change)
        }
        return row.response(for: context)
    }

    private nonisolated(nonsending) func apiKey(_ request: Request) async throws -> String? {
        if request.body.isEmpty { return nil }
        var fields = try await request.fields(limit: Self.bodyBytes)
        let apiKey = fields.string(optional: "api_key", 1...256)
        try fields.finish()
        return apiKey
    }

    private nonisolated(nonsending) func destroy(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let (id, number) = (try request.keyID(), try request.versionNumber())
        var fields = try await request.fields(limit: Self.bodyBytes)
        let confirm = fields.name("confirm")
        let reason = fields.reason()
        try fields.finish()
        let row = try await book.change(context) { change in
            var key = try await book.locked(id, change)
            try request.match(revision: key.revision, required: false)
            guard confirm == key.label else {
                throw FieldErrors(
                    FieldError(
                        pointer: "/confirm", code: "not_allowed", message: "must be the key's label"))
            }
            var versions = try await KeyVersionStore.all(of: id, in: change.transaction)
            guard let index = versions.firstIndex(where: { $0.number == number }) else {
                throw Problem.notFound("version")
            }
            switch versions[index].state {
            case .destroyed: change.audit("keys.versions.destroy", id, detail: ["unchanged": true])
            case .current where key.status != .revoked:
                throw Problem(.conflict, "The current version is destroyed only once the key was revoked.")
            case .current, .pending, .previous:
                try await book.checkFreeToDestroy(number, of: key, change)
                try await KeyVersionStore.destroy(
                    number, of: id, by: context.actor.principal?.description ?? "", at: context.now,
                    in: change.transaction)
                (versions[index].state, versions[index].destroyedAt) = (.destroyed, context.now)
                try await KeyVersionStore.show(versions, of: id, in: change.transaction)
                key.touch(at: context.now)
                change.audit(
                    "keys.versions.destroy", id,
                    detail: ["version": .number(JSONNumber(Int64(number))), "reason": .string(reason)])
                change.emit(key.versionDestroyed(versions[index], reason: reason))
                try await book.abandonDeletion(of: key, version: number, change)
                change.touch(.key(id))
            }
            return try await book.finish(key, change)
        }
        return row.response(for: context)
    }

    private nonisolated(nonsending) func reveal(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.keyID()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let reason = fields.reason()
        let version = fields.int(optional: "version", 1...Int(Int32.max))
        try fields.finish()
        let use = try await book.admit(.reveal, id, version: version, context) { key, number, change in
            guard key.isReadable else {
                throw Problem(.conflict, "The key is write-only: its secret never comes out.")
            }
            change.emit(key.event(.keyRevealed, ["reason": .string(reason)]))
            try await SecretsSeen.note(id, version: number, by: change.context, in: change.transaction)
            return ["reason": .string(reason), "version": .number(JSONNumber(Int64(number)))]
        }
        try use.leave.check()
        let parts = try use.matter.parts()
        return Response.object { w in
            w.field("key_id", id.description)
            w.field("version", use.version)
            w.field("kind", use.matter.kind.rawValue)
            w.field("api_key", parts.apiKey)
            w.field("secret", parts.secret)
            w.field("passphrase", parts.passphrase)
        }
    }
}

extension Request {
    func versionNumber() throws(Problem) -> Int {
        guard let number = Int(pathParameter("version")), (1...Int(Int32.max)).contains(number) else {
            throw .notFound("version")
        }
        return number
    }
}
