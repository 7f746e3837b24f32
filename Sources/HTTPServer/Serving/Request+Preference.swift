extension Request {
    /// Whether the client would rather be told where to look than be refused (RFC 7240 4.1).
    package var prefersAsync: Bool {
        (head.headers.list(.prefer) ?? "").split(separator: ",").contains { preference in
            let name = preference.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
            return name.lowercased() == "respond-async"
        }
    }
}
