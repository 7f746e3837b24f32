/// The fields of something that a variable stands for. It may come in variants that one field tells apart,
/// as events by their type; then conditions such as `event.type == "a"` and `has(event.b)` tell the checker
/// which variants are left.
package struct ObjectType: Hashable, Sendable {
    package struct Variant: Hashable, Sendable {
        /// The value of the telling field; for an open one, what it begins with.
        package let tag: String
        package let fields: [String: ExpressionType]
        /// It may have any other field besides, of any type, and its tag is only a beginning.
        package let isOpen: Bool

        package init(tag: String, fields: [String: ExpressionType], isOpen: Bool = false) {
            (self.tag, self.fields, self.isOpen) = (tag, fields, isOpen)
        }

        func type(of field: String) -> ExpressionType? { fields[field] ?? (isOpen ? .dyn : nil) }

        func isTagged(_ tag: String) -> Bool { isOpen ? tag.hasPrefix(self.tag) : tag == self.tag }
    }

    package let name: String
    package let tagField: String?
    package let variants: [Variant]
    /// What to say of a tag that no variant has, and what might have been meant.
    package let unknownTag: String
    package let knownTags: [String]

    package init(
        name: String, tagField: String, variants: [Variant], unknownTag: String, knownTags: [String]
    ) {
        (self.name, self.tagField, self.variants) = (name, tagField, variants)
        (self.unknownTag, self.knownTags) = (unknownTag, knownTags)
    }

    package init(name: String, fields: [String: ExpressionType], isOpen: Bool = false) {
        self.name = name
        tagField = nil
        variants = [Variant(tag: "", fields: fields, isOpen: isOpen)]
        (unknownTag, knownTags) = ("", [])
    }
}

/// The variables of an expression, and their types.
package struct Environment: Sendable {
    package let variables: [String: ExpressionType]

    /// Whether what was at the event before is known, for `crosses_above` and its like.
    package var remembers = false

    /// Values that are asked for as calls with numbers, as `sma(50)`.
    package var columns: Columns?

    package init(_ variables: [String: ExpressionType]) { self.variables = variables }
}
