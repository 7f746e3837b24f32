package import Exchanges

/// Why a credential that a file holds cannot be taken. Carries nothing of its value.
package enum ImportRefusal: Error, Sendable, Equatable {
    case noExchange
    /// The text as the file has it.
    case unknownExchange(String)
    /// Only one half of it is there.
    case missing(CredentialError.Field)
    /// The half is named by a path.
    case inAnotherFile(CredentialError.Field)
    case placeholder(CredentialError.Field)
    case reference(CredentialError.Field)
    /// The exchange has no such environment.
    case environment(String)
    case credential(CredentialError)
    /// Sealed by hummingbot in a way that it does not use itself, or cut off.
    case sealedUnreadably
    /// The password that opens others does not open this one.
    case otherPassword
    /// No memory for one more secret.
    case unavailable
}

extension ImportRefusal {
    /// For people, after "not usable: ".
    package var sentence: String {
        switch self {
        case .noExchange: "the file does not say for which exchange"
        case .unknownExchange(let name): "\(name) is no exchange that Keybell knows"
        case .missing(let field): "\(field.title) is missing"
        case .inAnotherFile(let field): "\(field.title) stands in another file"
        case .placeholder(let field): "\(field.title) is a placeholder"
        case .reference(let field): "\(field.title) refers to something outside this file"
        case .environment(let word): "this exchange has no \(word)"
        case .credential(let error): "\(error.field.title) \(error.sentence)"
        case .sealedUnreadably: "it is not sealed as hummingbot does it"
        case .unavailable: "it cannot be kept in guarded memory now"
        case .otherPassword: "it is sealed under another password"
        }
    }
}

extension CredentialError.Field {
    fileprivate var title: String {
        switch self {
        case .apiKey: "the API key"
        case .secret: "the secret"
        case .passphrase: "the passphrase"
        }
    }
}

/// Why nothing at all could be read from a file.
package enum KeyFileRefusal: Error, Sendable, Equatable {
    /// None of the formats, or not the one that was asked for.
    case notUnderstood
    case malformed(line: Int, column: Int, expected: String)
    case tooDeep
    /// A file that can be read, and holds no credential.
    case nothingFound
    /// `KeyFileReading.credentialsAtMost` were found before.
    case tooMany
    /// No memory for one more secret.
    case unavailable

    package var sentence: String {
        switch self {
        case .notUnderstood: "is none of the formats known here, or not the one asked for"
        case .malformed(let line, let column, let expected):
            "is broken JSON: line \(line), column \(column): expected \(expected)"
        case .tooDeep: "is nested too deeply"
        case .nothingFound: "holds no exchange credentials"
        case .unavailable: "cannot be kept in guarded memory now"
        case .tooMany: "holds more than is read at once (\(KeyFileReading.credentialsAtMost) credentials)"
        }
    }
}
