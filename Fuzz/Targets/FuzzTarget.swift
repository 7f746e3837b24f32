/// What is fed with hostile bytes, and what must hold whatever they are. libFuzzer runs it (Scripts/fuzz),
/// and FuzzTests replay its corpus with some mutations.
package struct FuzzTarget: Sendable {
    /// Also the folder of its corpus.
    package let name: String
    package let check: @Sendable ([UInt8]) throws(Finding) -> Void

    package static let all: [FuzzTarget] = [
        .accessToken, .cbor, .chunked, .csv, .expression, .gzip, .idToken, .json, .keyFiles, .ndjson,
        .passkey, .policy,
        .privateKey, .probeAnswer, .regex, .request, .requestDraft, .requestMeaning, .requestPath,
        .structuredField,
        .url, .writtenRequest,
    ]
}

/// Something that must hold and does not.
package struct Finding: Error, CustomStringConvertible {
    package let description: String
}

func require(_ holds: Bool, _ rule: @autoclosure () -> String) throws(Finding) {
    if !holds { throw Finding(description: rule()) }
}

/// An input: its first byte chooses how the rest is cut, so that a finding can be repeated.
struct CutInput {
    let bytes: [UInt8]
    let pieces: [[UInt8]]

    init(_ input: [UInt8]) {
        bytes = Array(input.dropFirst())
        let size = 1 + Int(input.first ?? 0) % 32
        pieces = stride(from: 0, to: bytes.count, by: size).map { [bytes] start in
            Array(bytes[start..<min(start + size, bytes.count)])
        }
    }
}
