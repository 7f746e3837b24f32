/// A media type (RFC 9110 8.3.1) as far as we need it: its essence and its charset, both lower-case.
package struct MediaType: Equatable, Sendable {
    /// "type/subtype", lower-case.
    package let essence: String

    /// Lower-case, or nil.
    package let charset: String?

    /// Nil when the text is not exactly a media type with well-formed, unrepeated parameters.
    package init?(_ text: String) {
        var reader = FieldReader(text)
        guard let type = reader.token(), reader.take(ByteClass.slash), let subtype = reader.token(),
            let parameters = reader.parameters(), reader.isAtEnd
        else { return nil }
        essence = type + "/" + subtype
        charset = parameters.first { $0.name == "charset" }?.value.lowercased()
    }

    /// Whether the content is text in UTF-8: no charset, or that one.
    package var isUTF8: Bool { charset == nil || charset == "utf-8" }
}
