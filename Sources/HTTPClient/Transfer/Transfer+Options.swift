import CCurl
import Kernel

extension Transfer {
    /// What holds for every request: no redirects, no proxy from the environment, no credentials from files,
    /// no cookies (the engine is never switched on), and HTTP/1.1 alone, whose resending rules are known.
    func setRules() {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        set(CURLOPT_HTTP09_ALLOWED, 0)
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_USERAGENT, settings.userAgent)
        if let file = settings.certificateAuthorityFile { set(CURLOPT_CAINFO, file) }
    }

    func setReuse(isFresh: Bool) {
        set(CURLOPT_MAXAGE_CONN, settings.idleLifetimeSeconds)
        set(CURLOPT_MAXLIFETIME_CONN, settings.connectionLifetimeSeconds)
        if isFresh { set(CURLOPT_FRESH_CONNECT, 1) }
    }

    func setTimeLimits(_ limits: OutgoingRequest.TimeLimits, isStreamed: Bool) {
        let total = isStreamed ? settings.streamLimit : limits.total
        // Zero would mean libcurl's defaults: none, and five minutes.
        set(CURLOPT_TIMEOUT_MS, max(Int(total.microseconds / 1_000), 1))
        set(CURLOPT_CONNECTTIMEOUT_MS, max(Int(limits.connect.microseconds / 1_000), 1))
    }

    func setTarget(_ url: OutgoingURL, pinned: [IPAddress]) {
        set(CURLOPT_URL, url.text)
        set(CURLOPT_REQUEST_TARGET, url.target)
        guard case .name(let name) = url.host else { return }
        let addresses = pinned.map { $0.family == .v4 ? "\($0)" : "[\($0)]" }.joined(separator: ",")
        pin = curl_slist_append(nil, "\(name):\(url.port):\(addresses)")
        names = curl_share_init()
        kcurl_share_dns(names)
        kcurl_set_pointer(easy, CURLOPT_SHARE, names)
        kcurl_set_list(easy, CURLOPT_RESOLVE, pin)
    }

    func setMessage(_ request: OutgoingRequest) {
        switch request.method {
        case .get where request.body.isEmpty: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .delete where request.body.isEmpty: set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        default: setBody(request)
        }
        addHeader("Accept-Encoding: identity")
        if request.isDecoded { set(CURLOPT_ACCEPT_ENCODING, "identity") }
        // Names without a value take libcurl's own headers away.
        addHeader("Expect:")
        if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            addHeader("Content-Type:")
        }
        for header in request.headers {
            addHeader(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        kcurl_set_list(easy, CURLOPT_HTTPHEADER, headers)
    }

    private func setBody(_ request: OutgoingRequest) {
        set(CURLOPT_POST, 1)
        if request.method != .post { set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
        kcurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, request.body.count)
        // libcurl's copy: the array may move, the copy stays until the next request.
        if request.body.isEmpty {
            set(CURLOPT_COPYPOSTFIELDS, "")
        } else {
            request.body.withUnsafeBytes {
                _ = kcurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
            }
        }
    }

    /// libcurl copies both, and frees its copies with the request's other options.
    func setCertificate(_ certificate: OutgoingRequest.ClientCertificate) {
        for (option, bytes) in [
            (CURLOPT_SSLCERT_BLOB, certificate.certificate), (CURLOPT_SSLKEY_BLOB, certificate.key),
        ] {
            bytes.withUnsafeBytes { bytes in
                let code = kcurl_set_blob(easy, option, bytes.baseAddress, bytes.count)
                precondition(code == CURLE_OK, "libcurl refuses option \(option.rawValue)")
            }
        }
    }

    /// These and no others: the system's folder is left out, too.
    func setAuthority(_ pem: String) {
        Array(pem.utf8).withUnsafeBytes { bytes in
            let code = kcurl_set_blob(easy, CURLOPT_CAINFO_BLOB, bytes.baseAddress, bytes.count)
            precondition(code == CURLE_OK, "libcurl refuses an authority")
        }
        _ = kcurl_set_pointer(easy, CURLOPT_CAPATH, nil)
    }

    private func addHeader(_ line: String) { headers = curl_slist_append(headers, line) }

    func set(_ option: CURLoption, _ value: Int) {
        let code = kcurl_set_long(easy, option, value)
        precondition(code == CURLE_OK, "libcurl refuses option \(option.rawValue)")
    }

    func set(_ option: CURLoption, _ text: String) {
        let code = kcurl_set_text(easy, option, text)
        precondition(code == CURLE_OK, "libcurl refuses option \(option.rawValue)")
    }
}
