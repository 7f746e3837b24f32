import COpenSSL
import Glibc

@testable import HTTPServer

/// A self-signed certificate in a folder that goes with it.
final class TestCertificate: Sendable {
    private let folder: String

    init(serial: Int) throws {
        var template = Array("/tmp/keybell-tls-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("no folder for a certificate") }
        folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try write(serial: serial)
    }

    deinit {
        for name in ["cert", "key"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    /// As a renewal does: new files in the same place.
    func renew(serial: Int) throws { try write(serial: serial) }

    var certificatePath: String { "\(folder)/cert" }
    var keyPath: String { "\(folder)/key" }

    func context() throws -> TLSContext { try TLSContext(certificate: certificatePath, key: keyPath) }

    private func write(serial: Int) throws {
        let parameters = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
        var key: OpaquePointer?
        EVP_PKEY_keygen_init(parameters)
        EVP_PKEY_CTX_set_group_name(parameters, "P-256")
        EVP_PKEY_generate(parameters, &key)
        let certificate = X509_new()
        defer {
            EVP_PKEY_CTX_free(parameters)
            EVP_PKEY_free(key)
            X509_free(certificate)
        }
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial)
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3_600)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 86_400)
        X509_set_pubkey(certificate, key)
        X509_sign(certificate, key, EVP_sha256())
        try save("cert") { PEM_write_X509($0, certificate) }
        try save("key") { PEM_write_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    private func save(_ name: String, _ body: (UnsafeMutablePointer<FILE>) -> Int32) throws {
        guard let file = fopen("\(folder)/\(name)", "w") else { throw TestFailure("cannot write \(name)") }
        defer { fclose(file) }
        guard body(file) == 1 else { throw TestFailure("OpenSSL does not write \(name)") }
    }
}
