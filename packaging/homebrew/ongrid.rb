# Homebrew formula: builds from source. Written for macOS and Linux; parsed and never run on macOS.
class Ongrid < Formula
  desc "Relay, metrics, alert rules, queries and evidence for distributed traces"
  homepage "https://github.com/ongrid/ongrid"
  url "https://github.com/ongrid/ongrid.git", tag: "v0.2.0"
  license "Apache-2.0"
  head "https://github.com/ongrid/ongrid.git", branch: "main"

  depends_on "pkgconf" => :build
  depends_on xcode: ["26.0", :build]
  depends_on "curl"
  depends_on "libdeflate"
  depends_on "libnghttp2"
  depends_on "libyaml"
  depends_on macos: :tahoe
  depends_on "openssl@3"
  depends_on "pcre2"
  depends_on "snappy"
  depends_on "sqlite"
  depends_on "xz"
  depends_on "zstd"

  uses_from_macos "swift" => :build
  uses_from_macos "zlib"

  def install
    ENV["ONGRID_COMMIT"] = Utils.git_short_head(length: 12).to_s
    ENV["ONGRID_DATE"] = time.strftime("%Y-%m-%d")
    args = ["--disable-sandbox", "-c", "release", "--product", "ongrid"]
    args << "--static-swift-stdlib" if OS.linux?
    system "swift", "build", *args
    bin.install ".build/release/ongrid"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/ongrid.bash" => "ongrid"
    zsh_completion.install "completions/_ongrid"
    fish_completion.install "completions/ongrid.fish"
  end

  service do
    run [opt_bin/"ongrid", "relay", "--config", etc/"ongrid/relay.yaml"]
    keep_alive true
    log_path var/"log/ongrid-relay.log"
    error_log_path var/"log/ongrid-relay.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/ongrid --version")
    (testpath/"rule.json").write <<~JSON
      {"kind":"trace_error_rate","scope_type":"global","conditions_json":{"service":"shop","threshold_pct":1}}
    JSON
    assert_match "traces_spanmetrics_calls_total", shell_output("#{bin}/ongrid compile-rule rule.json")
  end
end
