import Channels
import HTTPClient
import JSON
import Kernel

/// What a request says of a channel.
struct ChannelDraft {
    var settings = JSONObject()
    /// Those that it gives.
    var secrets = JSONObject()
}

/// How the fields of a channel are read, the same when it is made and when it is changed.
extension Fields {
    /// The address of a webhook that is made.
    mutating func webhookAddress(_ kind: ChannelKind, _ allowance: Allowance) -> String? {
        if let makers = kind.makersURL, isNull("url") || !has("url") {
            _ = take("url")
            return makers
        }
        let url = webhookURL(optional: "url", of: kind, allowance)
        if url == nil, !has("url") { fail("url", code: FieldCode.missing, "is required") }
        return url
    }

    mutating func webhookURL(
        optional name: String, of kind: ChannelKind, _ allowance: Allowance
    ) -> String? {
        guard kind == .email else { return webhookURL(optional: name, allowance) }
        if has(name), isNull(name) { fail(name, code: FieldCode.wrongType, "must be a string") }
        guard let text = string(optional: name, 8...2_048) else { return nil }
        do throws(URLRefusal) {
            _ = try MailServer.url(text, allowance: allowance)
        } catch .notHTTPS {
            fail(name, code: "not_smtp", "must begin with smtps:// or smtp://")
        } catch {
            fail(name, code: error.rawValue, error.sentence)
        }
        return text
    }

    /// The member `channel`; nil when it is left out.
    /// - Parameter isNew: what is secret must be given.
    mutating func channel(_ kind: ChannelKind, isNew: Bool) -> ChannelDraft? {
        let isGiven = has("channel") && !isNull("channel")
        let needsSome = kind == .telegram || kind == .pagerduty || kind == .email
        guard isGiven || isNew && needsSome else {
            _ = take("channel")
            return nil
        }
        return object("channel") { fields in
            switch kind {
            case .telegram: fields.telegram(isNew: isNew)
            case .pagerduty: fields.pagerDuty(isNew: isNew)
            case .cloudevents: fields.cloudEvents()
            case .email: fields.email(isNew: isNew)
            case .standard, .slack, .discord, .teams, .json: ChannelDraft()
            }
        }
    }

    /// Terms of delivery that a kind has no use for, so that nobody believes that they hold.
    mutating func refuseTerms(of kind: ChannelKind) {
        if kind == .standard { return }
        let foreign =
            ["batch", "template"]
            + (kind.isSigned ? [] : ["headers", "client_certificate", "authority", "max_per_second"])
        for name in foreign {
            let value = take(name) ?? .null
            if value != .null, value != false { fail(name, code: "not_for_kind", "is not for this kind") }
        }
    }

    private mutating func telegram(isNew: Bool) -> ChannelDraft {
        var draft = ChannelDraft()
        let chat = parsed("chat_id", expected: "a chat's number, or @ and a channel's name") {
            Self.isChat($0) ? $0 : nil
        }
        if let chat { _ = draft.settings.append("chat_id", .string(chat)) }
        if let thread = int(optional: "thread_id", 1...2_147_483_647) {
            _ = draft.settings.append("thread_id", .number(JSONNumber(thread)))
        }
        secret("token", isNew, "a bot's token: digits, a colon, letters", into: &draft) { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count == 2 && parts[0].allSatisfy { $0.isASCII && $0.isNumber }
                && !parts[0].isEmpty && (10...100).contains(parts[1].count)
                && parts[1].utf8.allSatisfy(Self.isTokenByte)
        }
        return draft
    }

    private mutating func pagerDuty(isNew: Bool) -> ChannelDraft {
        var draft = ChannelDraft()
        secret("routing_key", isNew, "an integration key of 32 letters and digits", into: &draft) {
            $0.utf8.count == 32 && $0.utf8.allSatisfy(Self.isTokenByte)
        }
        return draft
    }

    private mutating func cloudEvents() -> ChannelDraft {
        var draft = ChannelDraft()
        if let mode = choice(optional: "mode", CloudEventMode.self) {
            _ = draft.settings.append("mode", .string(mode.rawValue))
        }
        let source = parsed(optional: "source", expected: "an URI reference of at most 200 characters") {
            text in
            let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
            return isPlain && (1...200).contains(text.utf8.count) ? text : nil
        }
        if let source { _ = draft.settings.append("source", .string(source)) }
        return draft
    }

    private mutating func secret(
        _ name: String, _ isNeeded: Bool, _ expected: String, into draft: inout ChannelDraft,
        _ isGood: (String) -> Bool
    ) {
        let read = { (text: String) in isGood(text) ? text : nil }
        let text =
            isNeeded
            ? parsed(name, expected: expected, read) : parsed(optional: name, expected: expected, read)
        if let text { _ = draft.secrets.append(name, .string(text)) }
    }

    private static func isChat(_ text: String) -> Bool {
        if text.hasPrefix("@") {
            let name = text.utf8.dropFirst()
            return (4...32).contains(name.count) && name.allSatisfy { isTokenByte($0) }
        }
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        return text.utf8.count - digits.count <= 1 && (1...18).contains(digits.count)
            && digits.allSatisfy { (48...57).contains($0) } && digits.first != 48
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}

// MARK: Mail

extension Fields {
    private mutating func email(isNew: Bool) -> ChannelDraft {
        var draft = ChannelDraft()
        let expected = "a plain address such as alerts@desk.example"
        let from = parsed("from", expected: expected) { MailAddress.isValid($0) ? $0 : nil }
        if let from { _ = draft.settings.append("from", .string(from)) }
        let to = strings("to", count: 1...20, each: MailAddress.lengthRange)
        for (index, address) in to.enumerated() where !MailAddress.isValid(address) {
            fail("to", index: index, code: FieldCode.malformed, "must be \(expected)")
        }
        _ = draft.settings.append("to", .array(to.map { .string($0) }))
        let user = credential("user")
        if let user { _ = draft.settings.append("user", .string(user)) }
        if let password = credential("password") {
            _ = draft.secrets.append("password", .string(password))
            if user == nil { fail("user", code: FieldCode.missing, "is required beside a password") }
        } else if isNew, user != nil, !has("password") || isNull("password") {
            fail("password", code: FieldCode.missing, "is required beside a user")
        }
        if let authority = authority() { _ = draft.settings.append("authority", .string(authority)) }
        return draft
    }

    /// Whom a receiver's certificate must come from.
    mutating func authority() -> String? {
        parsed(optional: "authority", expected: "certificates in PEM, at most 16 kB") { text in
            text.utf8.count <= 16_384 && text.hasPrefix("-----BEGIN CERTIFICATE-----")
                && text.utf8.allSatisfy { $0 == 10 || $0 == 13 || $0 >= 32 && $0 < 127 } ? text : nil
        }
    }

    private mutating func credential(_ name: String) -> String? {
        parsed(optional: name, expected: "1 to 256 characters without control characters") { text in
            let isClean = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            return isClean && (1...256).contains(text.utf8.count) ? text : nil
        }
    }
}
