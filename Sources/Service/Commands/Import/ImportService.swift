import Crypto
import EventLoop
import HTTPClient
import JSON
import KeyFiles
import Kernel

/// The service, as `keybell import` talks to it. Lives on one worker.
struct ImportService {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let url: OutgoingURL
    private let token: String
    private let owner: String?
    private let client: HTTPClient

    /// Bodies stay under the service's limit of a megabyte, also with RSA keys.
    private static let entriesAtOnce = 100

    init(_ options: ImportOptions, token: String, reactor: Reactor, threads: OffLoop) {
        (url, owner, self.token) = (options.service, options.owner, token)
        var settings = HTTPClient.Settings()
        settings.userAgent = "keybell-import/\(Release.version)"
        settings.certificateAuthorityFile = options.authorityFile
        client = HTTPClient(
            on: reactor, resolver: .system(threads), addressGuard: AddressGuard(), settings: settings)
    }
}

// MARK: - Asking

extension ImportService {
    /// What the service would say of each; nil when it cannot be asked.
    nonisolated(nonsending) func verdicts(
        on entries: [ImportPlan.Entry]
    ) async throws -> [Int: ImportPlan.Verdict]? {
        var verdicts: [Int: ImportPlan.Verdict] = [:]
        for start in stride(from: 0, to: entries.count, by: Self.entriesAtOnce) {
            let part = entries[start..<min(start + Self.entriesAtOnce, entries.count)]
            let bodies = part.map { ImportBody($0, owner: owner) }
            let answer = try await send(
                "/v1/keys/import", bytesAtMost: bodies.reduce(256) { $0 + $1.bytesAtMost }
            ) { w in
                w.object { w in
                    w.field("dry_run", true)
                    w.array("entries", bodies) { w, body in body.write(to: &w) }
                }
            }
            if [404, 405, 501].contains(answer.status) { return nil }
            guard answer.status == 200, let rows = answer.body["data"]?.asArray, rows.count == part.count
            else {
                throw Failure(description: answer.sentence)
            }
            for (entry, row) in zip(part, rows) { verdicts[entry.number] = Self.verdict(row) }
        }
        return verdicts
    }

    private static func verdict(_ row: JSONValue) -> ImportPlan.Verdict {
        switch row["verdict"]?.asString {
        case "new": .new
        // Another number behind the label is found when it is registered.
        case "label_taken": .new
        case "duplicate_secret": .present(row["key_id"]?.asString ?? "")
        case let other: .refused(ImportAnswer.sentence(row) ?? other ?? "without a reason")
        }
    }
}

// MARK: - Registering

extension ImportService {
    enum Outcome {
        case registered(id: String, status: String, label: String)
        case present(String)
        case refused(String)
    }

    /// Who has so many keys of one name gives them another.
    private static let labelsAtMost = 20

    /// Where the label is taken, by a number behind it: only then does the service look at the secret, which
    /// may be one that it has.
    nonisolated(nonsending) func register(_ entry: ImportPlan.Entry) async throws -> Outcome {
        var answer = try await send(entry)
        var label = entry.label
        for number in 2...Self.labelsAtMost where answer.saysLabelIsTaken {
            label = entry.labelled(number).label
            answer = try await send(entry.labelled(number))
        }
        switch answer.status {
        case 201:
            return .registered(
                id: answer.body["id"]?.asString ?? "", status: answer.body["status"]?.asString ?? "",
                label: label)
        case 409 where answer.body["code"]?.asString == "duplicate_secret":
            return .present(answer.body["key_id"]?.asString ?? "")
        case 400..<500 where answer.status != 401 && answer.status != 429: return .refused(answer.sentence)
        default: throw Failure(description: answer.sentence)
        }
    }

    private nonisolated(nonsending) func send(_ entry: ImportPlan.Entry) async throws -> ImportAnswer {
        let body = ImportBody(entry, owner: owner)
        return try await send("/v1/keys", bytesAtMost: body.bytesAtMost) { w in body.write(to: &w) }
    }
}

// MARK: - HTTP

extension ImportService {
    /// What is written is wiped afterwards. libcurl has a copy that it only frees: this process lets nobody
    /// read its memory, and ends.
    private nonisolated(nonsending) func send(
        _ path: String, bytesAtMost: Int, _ write: (inout JSONWriter) -> Void
    ) async throws -> ImportAnswer {
        let target = try OutgoingURL(
            String(url.text.dropLast(url.target.count)) + path, allowance: ImportOptions.allowance)
        var request = OutgoingRequest(
            .post, target,
            headers: [
                OutgoingHeader("authorization", "Bearer \(token)"),
                OutgoingHeader("content-type", "application/json"),
            ],
            allowance: ImportOptions.allowance, mayResend: false)
        var w = JSONWriter(capacity: bytesAtMost)
        write(&w)
        // Moved, not shared: a shared array would be copied before it is wiped.
        swap(&request.body, &w.bytes)
        request.responseLimits = OutgoingRequest.ResponseLimits(readBytes: 1 << 20, keptBytes: 1 << 20)
        defer { request.body.wipe() }
        do throws(OutgoingError) {
            return ImportAnswer(try await client.send(request))
        } catch {
            throw Failure(description: "\(url.hostText): \(error)")
        }
    }
}

/// What the service answered.
struct ImportAnswer {
    let status: Int
    let body: JSONValue

    init(_ response: OutgoingResponse) {
        status = response.status
        body = (try? JSONValue.parse(response.body)) ?? .null
    }

    var saysLabelIsTaken: Bool {
        status == 409 && body["errors"]?[0]?["pointer"]?.asString == "/label"
    }

    var sentence: String { Self.sentence(body) ?? "the service answered \(status)" }

    /// What a problem document, or a row that has its members, says is wrong.
    static func sentence(_ problem: JSONValue) -> String? {
        let mistakes = (problem["errors"]?.asArray ?? []).compactMap { mistake -> String? in
            guard let message = mistake["message"]?.asString else { return nil }
            return "\(mistake["pointer"]?.asString ?? "") \(message)"
        }
        let parts = [problem["detail"]?.asString ?? problem["title"]?.asString] + mistakes
        let text = parts.compactMap(\.self).joined(separator: "; ")
        return text.isEmpty ? nil : Printable.text(text)
    }
}
