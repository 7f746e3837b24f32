/// Optimistic concurrency: a resource's ETag is its revision in quotes.
extension Request {
    /// Throws 400 when `If-Match` is sent but names no ETag. Asked once for every request, before anything is
    /// done: whether the header is looked at must not depend on what state the resource is in.
    package func checkPrecondition() throws(Problem) {
        guard let tags = expectedTags, tags.isEmpty || !tags.allSatisfy(Self.isEntityTag) else { return }
        throw .malformedHeader("If-Match", "must be the ETag of an earlier answer, with its quotes")
    }

    /// Throws 412 when `If-Match` names another revision, 428 when it is missing though `required`.
    package func match(revision: Int64, required: Bool) throws(Problem) {
        if required { try requireMatch() }
        guard let tags = expectedTags else { return }
        let wanted = Self.etag(revision)
        guard tags.contains(where: { $0 == wanted || $0 == "*" }) else {
            if tags.contains(where: Self.isWeak) { throw Self.weakTag(wanted) }
            throw Problem(.preconditionFailed, "The resource is at revision \(revision) by now.")
        }
    }

    /// Throws 428 without `If-Match`: asked before anything is looked up that may be missing.
    package func requireMatch() throws(Problem) {
        guard expectedTags == nil else { return }
        throw Problem(.preconditionRequired, "Send the ETag that the change is based on as If-Match.")
    }

    /// RFC 9110 13.1.1: `If-Match` compares strongly, so a weak tag matches nothing. Proxies that compress
    /// make weak tags of strong ones.
    private static func weakTag(_ wanted: String) -> Problem {
        Problem(
            .preconditionFailed,
            """
            A weak tag (W/"…") is never a match: send the ETag as this service gave it, without W/ and with \
            its quotes. The resource is at \(wanted) now.
            """)
    }

    private static func isWeak(_ tag: Substring) -> Bool { tag.hasPrefix("W/") }

    /// What `If-Match` lists; nil without it. Empty elements don't count (RFC 9110 5.6.1).
    private var expectedTags: [Substring]? {
        head.headers.list(.ifMatch).map { values in
            values.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
        }
    }

    /// RFC 9110 8.8.3, or "*".
    private static func isEntityTag(_ text: Substring) -> Bool {
        guard text != "*" else { return true }
        let opaque = (isWeak(text) ? text.dropFirst(2) : text).utf8
        let quote = UInt8(ascii: "\"")
        guard opaque.count >= 2, opaque.first == quote, opaque.last == quote else { return false }
        return opaque.dropFirst().dropLast().allSatisfy { $0 == 0x21 || $0 >= 0x23 && $0 != 0x7F }
    }

    package static func etag(_ revision: Int64) -> String { "\"\(revision)\"" }
}

extension Substring {
    /// Without blanks (RFC 9110 5.6.3) around it.
    fileprivate var trimmed: Substring {
        guard let last = lastIndex(where: { $0 != " " && $0 != "\t" }) else { return self[endIndex...] }
        return self[...last].drop { $0 == " " || $0 == "\t" }
    }
}

extension Response {
    package func etag(_ revision: Int64) -> Response { header(.etag, Request.etag(revision)) }
}
