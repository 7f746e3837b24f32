/// What one request to a channel carries.
package enum Content: Sendable {
    case one(Notice)
    case many(Digest)

    /// A digest of two and more.
    package init?(_ notices: [Notice]) {
        guard let first = notices.first else { return nil }
        if notices.count == 1 {
            self = .one(first)
        } else if let digest = Digest(notices) {
            self = .many(digest)
        } else {
            return nil
        }
    }
}

/// A request as a channel's maker documents it, without its address.
package struct ChannelRequest: Sendable, Equatable {
    package let contentType: String
    package var headers: [Header] = []
    package let body: [UInt8]

    package struct Header: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    init(contentType: String = "application/json", headers: [Header] = [], body: [UInt8]) {
        (self.contentType, self.headers, self.body) = (contentType, headers, body)
    }
}
