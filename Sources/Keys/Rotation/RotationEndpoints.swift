import Events
import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Postgres

/// Rotations over HTTP.
struct RotationEndpoints {
    private static let bodyBytes = 1 << 20
    private static let within: ClosedRange<Period> = .hours(1)...(.days(365))

    let database: Database
    let book: KeyBook
    let prober: KeyProber
    let makeMatter: MakeMatter

    var operations: [Operation] {
        let ofKey = "/v1/keys/{key_id}/rotations"
        let one = "/v1/keys/{key_id}/rotations/{rotation_id}"
        return [
            Operation(
                .get, "/v1/rotations", id: "listRotations", requires: .scoped(.keysRead), bodyLimit: 0
            ) { try await RotationSearch($0, of: nil, $1).page(in: database) },
            Operation(
                .get, ofKey, id: "listKeyRotations", requires: .scoped(.keysRead), errors: [.notFound],
                bodyLimit: 0, handle: list),
            Operation(
                .post, ofKey, id: "createKeyRotation", requires: .scoped(.keysRotate),
                errors: Self.errors + [.duplicateSecret], bodyLimit: Self.bodyBytes, handle: create),
            Operation(
                .get, one, id: "getKeyRotation", requires: .scoped(.keysRead), errors: [.notFound],
                bodyLimit: 0, handle: read),
            Operation(
                .post, one + "/advance", id: "advanceKeyRotation", requires: .scoped(.keysRotate),
                errors: Self.errors, bodyLimit: Self.bodyBytes, repeats: .nothing, handle: advance),
            Operation(
                .post, one + "/rollback", id: "rollBackKeyRotation", requires: .scoped(.keysRotate),
                errors: Self.errors, bodyLimit: Self.bodyBytes, handle: rollBack),
        ]
    }

    private static let errors: [ProblemCode] = [.notFound, .conflict, .keyTampered]

    private nonisolated(nonsending) func list(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        let id = try request.keyID()
        let search = try RotationSearch(request, of: id, context)
        guard try await KeyStore.exchange(of: id, in: database) != nil else { throw Problem.notFound("key") }
        return try await search.page(in: database)
    }

    private nonisolated(nonsending) func read(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try request.rotationPlace()
        guard let rotation = try await RotationStore.find(place.id, of: place.key, in: database) else {
            throw Problem.notFound("rotation")
        }
        return rotation.response(now: context.now)
    }

    /// The new secret comes along, or later: as a version of the key, or by a deposit.
    private nonisolated(nonsending) func create(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let id = try request.keyID()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let wish = RotationWish.read(&fields, within: Self.within)
        let draft = CredentialDraft.read(optional: &fields)
        try fields.finish()
        guard let exchange = try await KeyStore.exchange(of: id, in: database) else {
            throw Problem.notFound("key")
        }
        var matter: CredentialMatter?
        if let draft { matter = try await makeMatter(draft, exchange) }
        let rotation = try await book.change(context) { change in
            _ = try await StandingOrders.held(in: change.transaction)
            var key = try await book.usable(id, change)
            let rotation = try await book.openRotation(of: key, wish, .asked, change)
            guard let draft, let matter else { return rotation }
            let versions = try await KeyVersionStore.all(of: id, in: change.transaction)
            _ = try await book.add(matter, draft, to: key, versions, change)
            key.touch(at: context.now)
            _ = try await book.finish(key, change)
            return try await RotationStore.lock(rotation.id, of: id, in: change.transaction) ?? rotation
        }
        return rotation.response(.created, now: context.now)
            .header(.location, "/v1/keys/\(id)/rotations/\(rotation.id)")
    }

    private nonisolated(nonsending) func advance(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try request.rotationPlace()
        var push = RotationDriver.Push()
        if !request.body.isEmpty {
            var fields = try await request.fields(limit: Self.bodyBytes)
            push.apiKey = fields.string(optional: "api_key", 1...256)
            push.endsOverlap = fields.bool("end_overlap", default: false)
            try fields.finish()
        }
        let driver = RotationDriver(book: book, prober: prober)
        return try await driver.advance(place, push, context).response(now: context.now)
    }

    private nonisolated(nonsending) func rollBack(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try request.rotationPlace()
        var fields = try await request.fields(limit: Self.bodyBytes)
        let reason = fields.reason()
        try fields.finish()
        let rotation = try await book.change(context) { change in
            _ = try await StandingOrders.held(in: change.transaction)
            var key = try await book.locked(place.key, change)
            guard
                var rotation = try await RotationStore.lock(place.id, of: key.id, in: change.transaction)
            else { throw Problem.notFound("rotation") }
            let from = rotation.state
            try await book.rollBack(&rotation, &key, reason: reason, change)
            try await book.write(rotation, from: from, key, change)
            return rotation
        }
        return rotation.response(now: context.now)
    }
}

extension RotationWish {
    fileprivate static func read(_ f: inout Fields, within range: ClosedRange<Period>) -> RotationWish {
        let usual = RotationWish.usual(nil)
        let reason = f.has("reason") && !f.isNull("reason") ? f.text("reason") : nil
        let overlap = f.parsed(optional: "overlap", expected: "a period from 1m to 90d, as 24h") {
            WrittenPeriod($0).flatMap {
                (.minutes(1)...Rotation.overlapAtMost).contains($0.period) ? $0 : nil
            }
        }
        let within = f.parsed(optional: "within", expected: "a period from 1h to 365d, as 7d") {
            WrittenPeriod($0).flatMap { range.contains($0.period) ? $0 : nil }
        }
        return RotationWish(
            reason: reason, overlap: overlap ?? usual.overlap, within: within?.period ?? usual.within)
    }
}

extension Request {
    fileprivate func rotationPlace() throws(Problem) -> RotationPlace {
        guard let id = RotationID(pathParameter("rotation_id")) else { throw .notFound("rotation") }
        return (try keyID(), id)
    }
}
