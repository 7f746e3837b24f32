/// Text of somebody else's, fit for a terminal and for the name of a key: 100 characters at most, none of
/// which is a control or format character.
package enum Printable {
    package static let charactersAtMost = 100

    package static func text(_ text: some StringProtocol) -> String {
        let scalars = text.unicodeScalars.lazy.filter { !$0.isUnseen }.prefix(charactersAtMost)
        return String(String.UnicodeScalarView(scalars))
    }
}

extension Unicode.Scalar {
    /// A terminal might obey it, or a reader be misled.
    fileprivate var isUnseen: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
            true
        default: false
        }
    }
}
