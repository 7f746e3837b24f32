/// Optimistic concurrency: a resource's ETag is its revision in quotes.
extension Request {
    /// Throws 412 when `If-Match` names another revision, 428 when it is missing though `required`.
    package func match(revision: Int64, required: Bool) throws(Problem) {
        let values = head.headers.list(.ifMatch)
        guard let values else {
            if required {
                throw Problem(.preconditionRequired, "Send the ETag that the change is based on as If-Match.")
            }
            return
        }
        let tags = values.split(separator: ",").map { tag in tag.drop { $0 == " " } }
        let wanted = Self.etag(revision)
        guard tags.contains(where: { $0 == wanted || $0 == "*" }) else {
            throw Problem(.preconditionFailed, "The resource is at revision \(revision) by now.")
        }
    }

    package static func etag(_ revision: Int64) -> String { "\"\(revision)\"" }
}

extension Response {
    package func etag(_ revision: Int64) -> Response { header(.etag, Request.etag(revision)) }
}
