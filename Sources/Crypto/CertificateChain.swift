private import COpenSSL
package import Kernel

/// An X.509 certificate and its chain, as PEM: what we show of ourselves to a server that asks. Read only to
/// be checked; libcurl takes the text.
package struct CertificateChain: Sendable {
    package enum Refusal: Error, Equatable, Sendable {
        case tooLong
        /// No certificate, or something between them.
        case malformed
        case tooMany
        /// The key is another one's.
        case otherKey
    }

    package static let textBytesAtMost = 65_536
    package static let certificatesAtMost = 10

    package let pem: String
    /// When the first of them to lapse does.
    package let notAfter: Timestamp
    private let publicPEM: String

    /// - Parameter pem: the leaf first, then its chain.
    package init(pem: String) throws(Refusal) {
        guard pem.utf8.count <= Self.textBytesAtMost else { throw .tooLong }
        let certificates = try Self.read(pem)
        guard let leaf = certificates.first else { throw .malformed }
        guard let notAfter = certificates.map(\.notAfter).min() else { throw .malformed }
        (self.pem, self.notAfter, publicPEM) = (pem, notAfter, leaf.publicPEM)
    }

    package func check(_ key: PrivateKey) throws(Refusal) {
        guard key.publicKey.pem == publicPEM else { throw .otherKey }
    }
}

extension CertificateChain {
    private typealias Read = (notAfter: Timestamp, publicPEM: String)

    private static func read(_ pem: String) throws(Refusal) -> [Read] {
        defer { ERR_clear_error() }
        let text = Array(pem.utf8)
        // An ENCRYPTED block would have OpenSSL ask a terminal for its password.
        guard !pem.contains("Proc-Type"), let input = BIO_new(BIO_s_mem()) else { throw .malformed }
        defer { BIO_free(input) }
        guard BIO_write(input, text, Int32(text.count)) == Int32(text.count) else { throw .malformed }
        var certificates: [Read] = []
        while let certificate = PEM_read_bio_X509(input, nil, nil, nil) {
            defer { X509_free(certificate) }
            certificates.append((try notAfter(certificate), try publicPEM(certificate)))
            guard certificates.count <= certificatesAtMost else { throw .tooMany }
        }
        let blocks = pem.occurrences(of: "-----BEGIN ")
        guard blocks == certificates.count else { throw .malformed }
        return certificates
    }

    private static func notAfter(_ certificate: OpaquePointer) throws(Refusal) -> Timestamp {
        var seconds: Int32 = 0
        var days: Int32 = 0
        guard let epoch = ASN1_TIME_set(nil, 0), let end = X509_get0_notAfter(certificate) else {
            throw .malformed
        }
        defer { ASN1_TIME_free(epoch) }
        guard ASN1_TIME_diff(&days, &seconds, epoch, end) == 1 else { throw .malformed }
        return Timestamp(seconds: Int64(days) * 86_400 + Int64(seconds))
    }

    private static func publicPEM(_ certificate: OpaquePointer) throws(Refusal) -> String {
        guard let key = X509_get0_pubkey(certificate), let output = BIO_new(BIO_s_mem()) else {
            throw .malformed
        }
        defer { BIO_free(output) }
        var start: UnsafeMutablePointer<CChar>?
        guard PEM_write_bio_PUBKEY(output, key) == 1 else { throw .malformed }
        let count = BIO_ctrl(output, BIO_CTRL_INFO, 0, &start)
        return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }
}

extension String {
    /// How often a text stands in it.
    fileprivate func occurrences(of mark: String) -> Int {
        var count = 0
        var rest = Substring(self)
        while let first = rest.firstIndex(of: "-") {
            rest = rest[first...]
            if rest.hasPrefix(mark) { count += 1 }
            rest = rest.dropFirst()
        }
        return count
    }
}
