import Exchanges
import JSON
import Kernel

extension FuzzTarget {
    /// What a client wrote is sent to the byte, or refused. Before the first byte 1 a query, behind it JSON.
    static let writtenRequest = FuzzTarget(name: "WrittenRequest") { input throws(Finding) in
        let parts = input.split(separator: 1, maxSplits: 1, omittingEmptySubsequences: false).map {
            Array($0)
        }
        if let text = String(validating: parts[0], as: UTF8.self) { try check(query: text) }
        if parts.count > 1 { try check(json: parts[1]) }
    }

    private static func check(query text: String) throws(Finding) {
        let pairs = text.split(separator: "&", omittingEmptySubsequences: false)
        let fields = pairs.compactMap(RequestDraft.Field.init(written:))
        guard fields.count == pairs.count else { return }
        try require(fields.map(\.written).joined(separator: "&") == text, "a field is not as it was written")
        try require(text.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "a URL needs encoding")
        try require(!text.utf8.contains { "#+;\\".utf8.contains($0) }, "a query has two readings")
        for field in fields {
            let again = RequestDraft.Field(field.name, field.value)
            let read = RequestDraft.Field(written: again.written[...])
            try require(read == again, "what we write is read otherwise")
        }
    }

    private static func check(json bytes: [UInt8]) throws(Finding) {
        guard let draft = try? RequestDraft(.post, host: "spot", path: "/p", body: .json(bytes)),
            let before = try? JSONValue.parse(bytes)
        else { return }
        let names = ["nonce"]
        guard case .json(let rest) = draft.dropping(names).body, let after = try? JSONValue.parse(rest) else {
            throw Finding(description: "what is left is no JSON")
        }
        let kept = before.asObject?.members.filter { !names.contains($0.name) }
        try require(after.asObject?.members.map(\.name) == kept?.map(\.name), "another member is lost")
        try require(after.asObject?.members.map(\.value) == kept?.map(\.value), "a value changes")
        if before.asObject?.members.count == kept?.count {
            try require(rest == bytes, "bytes change although nothing is dropped")
        }
        try checkNonce(draft.dropping(names), kept)
    }

    private static func checkNonce(
        _ draft: RequestDraft, _ members: [JSONObject.Member]?
    ) throws(Finding) {
        guard let kraken, let host = ExchangeName.kraken.adapter.host("spot", in: .live) else {
            throw Finding(description: "there is nothing to sign with")
        }
        let moment = SigningMoment(at: Timestamp(milliseconds: 1), nonce: 7, entropy: .seeded(1))
        let signed = try? ExchangeName.kraken.adapter.sign(draft, with: kraken, at: moment, to: host)
        guard let members else {
            try require(signed == nil, "a list is signed without a nonce")
            return
        }
        let sent = (signed?.body).flatMap { try? JSONValue.parse($0) }
        try require(sent?.asObject?.members.first?.value == "7", "the nonce is not the first member")
        try require(
            sent?.asObject?.members.dropFirst().map(\.value) == members.map(\.value), "a value changes")
    }

    private static let kraken = try? ExchangeCredential(
        exchange: .kraken, apiKey: "key", secret: "bm90IGEgc2VjcmV0IGF0IGFsbA==")
}
