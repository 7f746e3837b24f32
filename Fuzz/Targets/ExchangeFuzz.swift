import Exchanges
import Kernel

extension FuzzTarget {
    /// Whatever an exchange answers, its texts are fit for our events, and a failure grants nothing.
    /// The first byte chooses the exchange, the second the status.
    static let probeAnswer = FuzzTarget(name: "ProbeAnswer") { input throws(Finding) in
        let adapters = ExchangeName.allCases.map(\.adapter)
        let statuses = [200, 400, 401, 403, 429, 503]
        let status = statuses[Int(input.dropFirst().first ?? 0) % statuses.count]
        let adapter = adapters[Int(input.first ?? 0) % adapters.count]
        let answer = ProbeAnswer(status: status, body: Array(input.dropFirst(2)))
        let found: ProbedPermissions
        do throws(ProbeRefusal) {
            found = try adapter.permissions(from: answer)
        } catch {
            try require(!"\(error)".utf8.contains { $0 < 0x20 }, "a refusal holds a control character")
            return
        }
        try require(status == 200, "a failure was read as an answer")
        try check(found)
    }

    /// A path that is taken has one reading, and fields that are taken cannot split a request.
    static let requestDraft = FuzzTarget(name: "RequestDraft") { input throws(Finding) in
        let parts = String(decoding: input, as: UTF8.self).split(
            separator: "\u{1}", omittingEmptySubsequences: false
        ).map(String.init)
        let fields = parts.dropFirst().map { RequestDraft.Field($0, $0) }
        guard let draft = try? RequestDraft(.get, host: "spot", path: parts[0], query: fields) else { return }
        try require(draft.path.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "a path needs encoding")
        let segments = draft.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        try require(segments.allSatisfy { !["", ".", ".."].contains($0) }, "a path can be shortened")
        try require(!draft.path.contains { "?#\\".contains($0) }, "a path holds a query")
        for field in draft.query {
            try require(!field.value.utf8.contains { $0 < 0x20 }, "a field holds a control character")
        }
    }

    private static func check(_ found: ProbedPermissions) throws(Finding) {
        try require(found.raw.count <= ProbeAnswer.bodyBytesAtMost * 6, "an answer grows")
        for text in found.others + found.addresses + [found.uid ?? ""] {
            try require(!text.utf8.contains { $0 < 0x20 }, "a text holds a control character")
            try require(text.unicodeScalars.count <= 200, "a text has no bound")
        }
        for time in [found.createdAt, found.expiresAt].compactMap({ $0 }) {
            try require(Timestamp("\(time)") != nil, "a time cannot be written")
        }
    }
}
