import COpenSSL
import EventLoop
import Glibc

/// The client's end through TLS. The certificate is not verified: it is self-signed.
final class TLSChannel: Channel {
    private let socket: PlainChannel
    private let context: OpaquePointer
    private let session: OpaquePointer

    var descriptor: Int32 { socket.descriptor }

    /// Shakes hands.
    init(_ address: SocketAddress, newest version: Int32 = TLS1_3_VERSION) throws {
        socket = try PlainChannel(address)
        guard let context = SSL_CTX_new(TLS_client_method()), let session = SSL_new(context) else {
            throw TestFailure("no TLS client")
        }
        (self.context, self.session) = (context, session)
        SSL_ctrl(session, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(version), nil)
        SSL_set_fd(session, socket.descriptor)
        guard SSL_connect(session) == 1 else { throw TestFailure("no handshake") }
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    var version: String { String(cString: SSL_get_version(session)) }

    var serial: Int {
        guard let certificate = SSL_get1_peer_certificate(session) else { return -1 }
        defer { X509_free(certificate) }
        return ASN1_INTEGER_get(X509_get_serialNumber(certificate))
    }

    /// Whether the end was announced (close_notify), not only the socket closed.
    var hasProperEnd: Bool { SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN != 0 }

    func read(_ buffer: inout [UInt8]) throws -> Int {
        let count = SSL_read(session, &buffer, Int32(buffer.count))
        if count > 0 { return Int(count) }
        let error = SSL_get_error(session, count)
        guard error == SSL_ERROR_ZERO_RETURN else { throw TestFailure("TLS ended with error \(error)") }
        return 0
    }

    func write(_ bytes: ArraySlice<UInt8>) throws {
        let count = bytes.withUnsafeBytes { SSL_write(session, $0.baseAddress, Int32($0.count)) }
        guard count == bytes.count else { throw TestFailure("TLS does not send") }
    }

    func hasBuffered() -> Bool { SSL_pending(session) > 0 }

    /// Tells the other side that nothing more comes.
    func sayGoodbye() { SSL_shutdown(session) }

    /// New keys in mid-connection: a record without bytes for the reader above.
    func changeKeys() throws {
        guard SSL_key_update(session, SSL_KEY_UPDATE_REQUESTED) == 1, SSL_do_handshake(session) == 1 else {
            throw TestFailure("no change of keys")
        }
    }
}
