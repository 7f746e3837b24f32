import COpenSSL
import EventLoop
import Glibc

/// A certificate and key, loaded and checked against each other. A reload makes a new one; open connections
/// keep theirs.
package final class TLSContext {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    fileprivate let context: OpaquePointer

    /// - Parameters:
    ///   - certificate: path of a PEM file: the leaf, then its chain.
    ///   - key: path of the PEM private key.
    package init(certificate: String, key: String) throws(Failure) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_server_method()) else {
            throw Failure(description: "OpenSSL gives no TLS context")
        }
        self.context = context
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        // Swift moves buffers between retries; partial writes keep a slow reader from holding a whole answer.
        let mode =
            SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
        SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(mode), nil)
        SSL_CTX_set_options(context, kssl_server_options())
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20")
        try load(SSL_CTX_use_certificate_chain_file(context, certificate), "certificate", certificate)
        try load(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM), "key", key)
        try load(SSL_CTX_check_private_key(context), "key for this certificate", key)
    }

    deinit { SSL_CTX_free(context) }

    private func load(_ code: Int32, _ what: String, _ path: String) throws(Failure) {
        guard code != 1 else { return }
        throw Failure(description: "cannot use the TLS \(what) \(path): \(Self.reason(ERR_get_error()))")
    }

    private static func reason(_ code: UInt) -> String {
        // The kernel's errors are marked by this bit and have no text of OpenSSL's (ERR_SYSTEM_ERROR).
        let isOfSystem = code & 0x8000_0000 != 0
        let text = isOfSystem ? strerror(Int32(code & 0x7FFF_FFFF)) : nil
        return (UnsafePointer(text) ?? ERR_reason_error_string(code)).map { String(cString: $0) }
            ?? "unreadable"
    }
}

/// One TLS connection over a non-blocking socket. Reads may want to write and writes to read; either way the
/// caller waits for the next readiness and calls again.
final class TLSSession {
    private let session: OpaquePointer
    private var isBroken = false

    init?(_ context: TLSContext, descriptor: Int32) {
        guard let session = SSL_new(context.context) else { return nil }
        SSL_set_fd(session, descriptor)
        SSL_set_accept_state(session)
        self.session = session
    }

    deinit { SSL_free(session) }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        ERR_clear_error()
        return transfer(SSL_read(session, buffer.baseAddress, Int32(min(buffer.count, 1 << 20))))
    }

    func write(_ buffer: UnsafeRawBufferPointer) -> Transfer {
        if buffer.isEmpty { return .bytes(0) }
        ERR_clear_error()
        return transfer(SSL_write(session, buffer.baseAddress, Int32(min(buffer.count, 1 << 20))))
    }

    func sendCloseNotify() {
        if !isBroken { SSL_shutdown(session) }
    }

    private func transfer(_ count: Int32) -> Transfer {
        if count > 0 { return .bytes(Int(count)) }
        switch SSL_get_error(session, count) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .endOfStream
        default:
            isBroken = true
            return .failed(-1)
        }
    }
}
