import Access
import Exchanges
import Crypto
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Many keys out of other programs' files: a verdict for each, before anything is registered and after.
struct ImportEndpoints {
    private static let bodyBytes = 1 << 20
    /// With an RSA key each, they fit a body.
    private static let entriesAtMost = 100

    let database: Database
    let registrar: KeyRegistrar

    /// A repeat finds what is there already by its secret.
    var operations: [Operation] {
        [
            Operation(
                .post, "/v1/keys/import", id: "importKeys", requires: .scoped(.keysWrite),
                bodyLimit: Self.bodyBytes, repeats: .nothing, stepUp: .whenItGives, handle: importKeys)
        ]
    }

    private nonisolated(nonsending) func importKeys(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let isDryRun = fields.bool("dry_run", default: false)
        let entries = fields.values("entries", count: 1...Self.entriesAtMost)
        try fields.finish()
        // Before any of them is registered.
        if !isDryRun, entries.contains(where: \.movesMoney) { try context.needStepUp() }
        var seen: [[UInt8]: Int] = [:]
        var verdicts: [ImportVerdict] = []
        for (index, entry) in entries.enumerated() {
            verdicts.append(try await judge(entry, at: index, &seen, isDryRun: isDryRun, context))
        }
        return Response.object { w in
            w.field("dry_run", isDryRun)
            w.field("registered", verdicts.count { $0.isRegistered })
            w.array("data", verdicts) { w, verdict in verdict.write(to: &w) }
        }
    }

    /// What is wrong with one entry keeps no other back; what is wrong with the service ends them all.
    private nonisolated(nonsending) func judge(
        _ entry: JSONValue, at index: Int, _ seen: inout [[UInt8]: Int], isDryRun: Bool, _ context: Context
    ) async throws -> ImportVerdict {
        do {
            let draft = try KeyDraft(
                Fields(entry, nulls: .missing), caller: context.actor.principal, now: context.now)
            guard let sent = draft.credential, case .brought = sent.matter else {
                throw FieldErrors(
                    FieldError(
                        pointer: "/credential", code: FieldCode.missing,
                        message: "is required, with the secret that is imported"))
            }
            guard context.may(.keysWrite, on: draft.target) else {
                throw FieldErrors(
                    FieldError(
                        pointer: "", code: "not_allowed", message: "needs the permission keys:write there"))
            }
            let matter = try await registrar.makeMatter(sent, draft.exchange)
            let fingerprint = try registrar.book.custody.fingerprint(of: matter)
            if let first = seen[fingerprint] { return .twice(first) }
            seen[fingerprint] = index
            if !sent.mayRepeat, let key = try await twin(of: fingerprint) {
                try await registrar.book.tellOfBait(whoseSecretCame: key, context)
                return .present(try await registrar.book.sees(key, context) ? key : nil)
            }
            if isDryRun {
                return try await isTaken(draft) ? .labelTaken : .new
            }
            let row = try await registrar.register(draft, context)
            return .registered(row.id, status: row.text(KeyColumns.status))
        } catch let mistakes as FieldErrors {
            return .invalid(mistakes)
        } catch let problem as Problem where problem.code == .duplicateSecret {
            // Somebody registered it meanwhile: another import of the same files, perhaps.
            return .present(problem.twin)
        } catch let problem as Problem where problem.code == .alreadyExists {
            return .labelTaken
        }
    }

    private nonisolated(nonsending) func twin(of fingerprint: [UInt8]) async throws -> ExchangeKeyID? {
        try await KeyVersionStore.holder(of: fingerprint, in: database)
    }

    private nonisolated(nonsending) func isTaken(_ draft: KeyDraft) async throws -> Bool {
        try await KeyStore.isTaken(
            draft.label, of: draft.exchange, account: draft.account, in: database)
    }
}

extension JSONValue {
    fileprivate var movesMoney: Bool {
        (self["permissions"]?.asArray ?? []).compactMap { $0.asString.flatMap(KeyPermission.init) }.moveMoney
    }
}

/// What became of one entry, or would.
enum ImportVerdict {
    /// It would be registered.
    case new
    case registered(ExchangeKeyID, status: String)
    /// Its secret is here already, under that key; nil to who may not see it.
    case present(ExchangeKeyID?)
    /// The same secret as an entry before it.
    case twice(Int)
    case labelTaken
    case invalid(FieldErrors)

    var isRegistered: Bool { if case .registered = self { true } else { false } }

    private var name: String {
        switch self {
        case .new: "new"
        case .registered: "registered"
        case .present: "duplicate_secret"
        case .twice: "duplicate_entry"
        case .labelTaken: "label_taken"
        case .invalid: "invalid"
        }
    }

    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("verdict", name)
            switch self {
            case .registered(let id, let status):
                w.field("key_id", id.description)
                w.field("status", status)
            case .present(let id?): w.field("key_id", id.description)
            case .twice(let index): w.field("entry", index)
            case .invalid(let mistakes): w.array("errors", mistakes.errors) { w, error in w.value(error) }
            case .new, .labelTaken, .present(nil): break
            }
        }
    }
}
