import Crypto

/// hummingbot's connector files. Today `connectors/okx.yml` with one line for each value; in older versions
/// one file for each value, `encrypted_okx_api_key.json`. `.password_verification` holds a known word.
struct HummingbotFiles {
    /// A credential whose values await the password.
    struct Sealed {
        var draft: CredentialDraft
        fileprivate(set) var values: [CredentialPart: SealedValue] = [:]
    }

    private(set) var sealed: [Sealed] = []
    /// Opens with the right password.
    private(set) var verification: SealedValue?
    /// Of older files: where in `sealed` an exchange's values are gathered.
    private var gathered: [String: Int] = [:]

    /// The longest line is a sealed value of 8 KiB in hex.
    private static let linesAtMost = 200

    enum Kind { case connector, oldValue, verification }

    static func kind(_ bytes: UnsafeRawBufferPointer, _ file: KeyFile) -> Kind? {
        if file.baseName == ".password_verification" || SealedValue.mayBegin(bytes) { return .verification }
        if oldName(file) != nil, LooseJSONReader.first(of: bytes) == UInt8(ascii: "{") { return .oldValue }
        return lines(bytes).contains { $0.name == "connector" } ? .connector : nil
    }

    enum Outcome { case taken, nothingFound, notUnderstood }

    mutating func take(_ bytes: UnsafeRawBufferPointer, _ file: KeyFile) throws(CryptoError) -> Outcome {
        switch Self.kind(bytes, file) {
        case .connector: return try takeConnector(bytes, file) ? .taken : .nothingFound
        case .oldValue: return takeOldValue(bytes, file) ? .taken : .nothingFound
        case .verification:
            verification = SealedValue(hex: UnsafeRawBufferPointer(rebasing: Self.trimmed(bytes)))
            return verification != nil ? .taken : .notUnderstood
        case nil: return .notUnderstood
        }
    }

    private mutating func takeConnector(
        _ bytes: UnsafeRawBufferPointer, _ file: KeyFile
    ) throws(CryptoError) -> Bool {
        let lines = Self.lines(bytes)
        guard let connector = lines.first(where: { $0.name == "connector" }) else { return false }
        let name = String(decoding: bytes[connector.value], as: UTF8.self)
        let place = FoundPlace(file: file.name, position: .line(connector.line))
        let draft = CredentialDraft(.hummingbot, place, Mention(NameWords(name).words))
        var found = Sealed(draft: draft)
        for line in lines {
            guard let part = CredentialPart.find(in: NameWords(line.name).words)?.part else { continue }
            if SealedValue.mayBegin(bytes[line.value]) {
                found.take(part, SealedValue(hex: UnsafeRawBufferPointer(rebasing: bytes[line.value])))
            } else {
                var value = Array(bytes[line.value])
                found.draft.take(part, try FoundText.taking(&value))
            }
        }
        guard !found.values.isEmpty || !found.draft.isEmpty else { return false }
        sealed.append(found)
        return true
    }

    private mutating func takeOldValue(_ bytes: UnsafeRawBufferPointer, _ file: KeyFile) -> Bool {
        guard let name = Self.oldName(file), let (part, rest) = CredentialPart.find(in: NameWords(name).words)
        else { return false }
        let key = rest.joined(separator: " ")
        let index = gathered[key] ?? sealed.count
        if index == sealed.count {
            let place = FoundPlace(file: file.name, position: .wholeFile)
            sealed.append(Sealed(draft: CredentialDraft(.hummingbot, place, Mention(rest))))
            gathered[key] = index
        }
        sealed[index].take(part, SealedValue(json: bytes))
        return true
    }

    private static func oldName(_ file: KeyFile) -> Substring? {
        let (prefix, suffix) = ("encrypted_", ".json")
        guard file.baseName.hasPrefix(prefix), file.baseName.hasSuffix(suffix) else { return nil }
        return file.baseName.dropFirst(prefix.count).dropLast(suffix.count)
    }
}

extension HummingbotFiles.Sealed {
    fileprivate mutating func take(_ part: CredentialPart, _ value: SealedValue?) {
        guard let value else { return draft.refusal = .sealedUnreadably }
        values[part] = value
    }
}

// MARK: - YAML

extension HummingbotFiles {
    fileprivate struct Line {
        let name: String
        let value: Range<Int>
        let line: Int
    }

    /// `name: value` at the left edge, which is all that these files have: they are written by a program, one
    /// scalar on a line.
    fileprivate static func lines(_ bytes: UnsafeRawBufferPointer) -> [Line] {
        var found: [Line] = []
        var (start, number) = (0, 0)
        while start < bytes.count, found.count < linesAtMost {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            number += 1
            if let line = line(bytes, start..<end, number) { found.append(line) }
            start = end + 1
        }
        return found
    }

    private static func line(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ number: Int) -> Line? {
        let isOfName = { (byte: UInt8) in byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") }
        guard let colon = bytes[range].firstIndex(where: { !isOfName($0) }), colon > range.lowerBound,
            colon - range.lowerBound <= 100, bytes[colon] == UInt8(ascii: ":")
        else { return nil }
        var value = trimmed(UnsafeRawBufferPointer(rebasing: bytes[(colon + 1)..<range.upperBound]))
        if let quote = value.first, "'\"".utf8.contains(quote), value.count >= 2, value.last == quote {
            value = value.dropFirst().dropLast()
        }
        return Line(
            name: String(decoding: bytes[range.lowerBound..<colon], as: UTF8.self),
            value: (value.startIndex + colon + 1)..<(value.endIndex + colon + 1), line: number)
    }

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        let isSpace = { (byte: UInt8) in byte.isBlank || byte == 10 || byte == 13 }
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.endIndex
        let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        return bytes[start..<end]
    }
}

// MARK: - Opening

extension HummingbotFiles {
    /// The word that hummingbot seals to know a password by.
    private static let word = "HummingBot"
    /// Without that file, a password that opens none of so many is wrong. Each try takes its time.
    private static let triesAtMost = 3

    func checks(_ password: borrowing Secret) throws(CryptoError) -> Bool {
        if let verification {
            guard let word = try Self.open(verification, password) else { return false }
            return word.string == Self.word
        }
        let tried = sealed.compactMap { $0.values.values.first }.prefix(Self.triesAtMost)
        for value in tried where try Self.open(value, password) != nil { return true }
        return tried.isEmpty
    }

    /// Drafts with their values, or with the reason why they stay shut.
    func opened(_ password: borrowing Secret) throws(CryptoError) -> [CredentialDraft] {
        var drafts: [CredentialDraft] = []
        for credential in sealed {
            var draft = credential.draft
            for (part, value) in credential.values where draft.refusal == nil {
                if let text = try Self.open(value, password) {
                    draft.take(part, text)
                } else {
                    draft.refusal = .otherPassword
                }
            }
            drafts.append(draft)
        }
        return drafts
    }

    private static func open(
        _ value: SealedValue, _ password: borrowing Secret
    ) throws(CryptoError) -> FoundText? {
        do throws(CryptoError) {
            return FoundText(try value.open(password))
        } catch .notAuthentic {
            return nil
        }
    }
}
