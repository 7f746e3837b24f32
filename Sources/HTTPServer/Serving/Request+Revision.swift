/// Optimistic concurrency: a resource's ETag is its revision in quotes.
extension Request {
    /// Throws 412 when `If-Match` names another revision, 400 when it names none, 428 when it is missing
    /// though `required`.
    package func match(revision: Int64, required: Bool) throws(Problem) {
        let values = head.headers.list(.ifMatch)
        guard let values else {
            if required {
                throw Problem(.preconditionRequired, "Send the ETag that the change is based on as If-Match.")
            }
            return
        }
        let tags = values.split(separator: ",").map { tag in
            tag.drop { $0 == " " }.trimmingSuffix { $0 == " " }
        }
        guard !tags.isEmpty, tags.allSatisfy(Self.isEntityTag) else {
            throw .malformedHeader("If-Match", "must be the ETag of an earlier answer, with its quotes")
        }
        let wanted = Self.etag(revision)
        guard tags.contains(where: { $0 == wanted || $0 == "*" }) else {
            throw Problem(.preconditionFailed, "The resource is at revision \(revision) by now.")
        }
    }

    /// RFC 9110 8.8.3, or "*".
    private static func isEntityTag(_ text: Substring) -> Bool {
        let opaque = text.hasPrefix("W/") ? text.dropFirst(2) : text
        return text == "*" || opaque.count >= 2 && opaque.hasPrefix("\"") && opaque.hasSuffix("\"")
    }

    package static func etag(_ revision: Int64) -> String { "\"\(revision)\"" }
}

extension Substring {
    fileprivate func trimmingSuffix(_ isTrimmed: (Character) -> Bool) -> Substring {
        guard let last = lastIndex(where: { !isTrimmed($0) }) else { return self[endIndex...] }
        return self[...last]
    }
}

extension Response {
    package func etag(_ revision: Int64) -> Response { header(.etag, Request.etag(revision)) }
}
