/// One keeper's share of the root key, with all that is needed to tell where it belongs.
///
/// Written as `kbshare1_` and 64 characters: base64url of format 1, the set's id (8 bytes), threshold, count,
/// index, 32 bytes of share, and the CRC-32 of these, so that a typing mistake is told from a foreign share.
package struct KeyShare: Sendable {
    package static let textPrefix = "kbshare1_"
    static let text = ChecksummedText(prefix: textPrefix, contentBytes: headBytes + RootKey.keyBytes)
    package static let textBytes = text.textBytes

    package let set: ShareSetID
    package let quorum: Quorum
    let share: SecretShare

    /// 1 to `quorum.count`.
    package var index: Int { Int(share.index) }

    /// - Parameter text: white space around it is ignored. The caller wipes it.
    package init(text: UnsafeRawBufferPointer) throws(KeyShareError) {
        let parsed: KeyShare?
        do throws(ChecksummedText.Mistake) {
            parsed = try Self.text.parse(text) { content throws(CryptoError) in
                try KeyShare(content: content)
            }
        } catch {
            throw KeyShareError(error)
        }
        guard let parsed else { throw .impossible }
        self = parsed
    }

    /// As JSON and the environment bring it.
    package init(text: String) throws(KeyShareError) {
        self = try text.withRawBytes { text throws(KeyShareError) in try KeyShare(text: text) }
    }

    init(set: ShareSetID, quorum: Quorum, share: SecretShare) {
        self.set = set
        self.quorum = quorum
        self.share = share
    }

    /// The text and a line feed; wiped when the closure ends.
    package func withTextLine<Result>(
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Result
    ) throws(CryptoError) -> Result {
        try Self.text.withLine(filledBy: write, body)
    }

    /// For `ShareSet`: SHA-256 over a label and the share as it is written.
    package func hash() throws(CryptoError) -> [UInt8] {
        try Scratch.withBytes(Self.text.contentBytes) { content in
            write(to: content)
            var state = SHA256()
            state.update("keybell share: ")
            state.update(UnsafeRawBufferPointer(content))
            return state.finalize()
        }
    }

    /// Compares in constant time.
    func isSame(as other: KeyShare) -> Bool {
        guard set == other.set, quorum == other.quorum, index == other.index else { return false }
        return share.value.withBytes { own in other.share.value.withBytes { ConstantTime.equal(own, $0) } }
    }
}

extension KeyShare {
    private static let format: UInt8 = 1
    private static let headBytes = 1 + ShareSetID.byteCount + 3

    /// Nil when the checksum fits, but no split gives such a share.
    private init?(content: UnsafeRawBufferPointer) throws(CryptoError) {
        let head = Array(content[..<Self.headBytes])
        let numbers = head[(1 + ShareSetID.byteCount)...].map { Int($0) }
        guard head[0] == Self.format,
            let set = ShareSetID(bytes: Array(head[1...ShareSetID.byteCount])),
            let quorum = Quorum(threshold: numbers[0], count: numbers[1]),
            (1...quorum.count).contains(numbers[2])
        else { return nil }
        let value = try Secret(copying: UnsafeRawBufferPointer(rebasing: content[Self.headBytes...]))
        self.init(set: set, quorum: quorum, share: SecretShare(index: UInt8(numbers[2]), value: value))
    }

    private func write(to content: UnsafeMutableRawBufferPointer) {
        let numbers = [UInt8(quorum.threshold), UInt8(quorum.count), share.index]
        content.copyBytes(from: [Self.format] + set.bytes + numbers)
        share.value.withBytes { value in
            UnsafeMutableRawBufferPointer(rebasing: content[Self.headBytes...]).copyMemory(from: value)
        }
    }
}

extension KeyShare: CustomStringConvertible {
    /// Without the share itself.
    package var description: String { "share \(index) of \(quorum.count) of set \(set)" }
}
