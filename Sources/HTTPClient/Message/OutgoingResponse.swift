package import Kernel

/// What came back.
package struct OutgoingResponse: Sendable {
    package let status: Int
    /// In order of arrival, without trailers.
    package let headers: [OutgoingHeader]
    /// At most `ResponseLimits.keptBytes`.
    package let body: [UInt8]
    /// There was more body than was kept.
    package let isTruncated: Bool
    /// From `send` to the last byte.
    package let duration: Period

    /// The first value of a field, whatever the case of its name.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.utf8.elementsEqual(name.utf8) || $0.name.lowercased() == name.lowercased() }?
            .value
    }
}
