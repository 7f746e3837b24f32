/// One mistake in a document, at the place where it is.
package struct FieldError: Sendable, Equatable {
    /// RFC 6901 JSON pointer; empty for the whole document.
    package let pointer: String
    /// Stable, for programs: see `FieldCode`.
    package let code: String
    /// A sentence for people. It never quotes the value, which may be a secret.
    package let message: String

    package init(pointer: String, code: String, message: String) {
        self.pointer = pointer
        self.code = code
        self.message = message
    }
}

extension FieldError: JSONWritable {
    package func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("pointer", pointer)
            w.field("code", code)
            w.field("message", message)
        }
    }
}

/// The codes that `Fields` itself gives; a domain adds its own by `fail`.
package enum FieldCode {
    package static let malformed = "malformed"
    package static let missing = "missing"
    package static let notAChoice = "not_a_choice"
    package static let outOfRange = "out_of_range"
    package static let tooFew = "too_few"
    package static let tooLong = "too_long"
    package static let tooMany = "too_many"
    package static let tooShort = "too_short"
    package static let unknownField = "unknown_field"
    package static let wrongType = "wrong_type"
}

/// Every mistake of a document, in the order found.
package struct FieldErrors: Error, Sendable, Equatable {
    /// A person corrects a few at a time; a hostile document may hold thousands.
    package static let listedAtMost = 100

    /// The first hundred.
    package private(set) var errors: [FieldError] = []
    /// All of them, also those not listed.
    package private(set) var total = 0

    package init() {}

    package init(_ error: FieldError) { append(error) }

    package var isEmpty: Bool { total == 0 }

    /// What is not listed is not even worded: a suggestion costs more than the mistake.
    package mutating func append(_ error: @autoclosure () -> FieldError) {
        total += 1
        if errors.count < Self.listedAtMost { errors.append(error()) }
    }
}
