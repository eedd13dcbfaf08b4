# The formula for a tap. For a release, homepage, url and sha256 are set to those of its source archive (docs/release.md).
class Vsps < Formula
  desc "Simulates networks between a video origin and a player"
  homepage "https://example.org/vsps"
  url "https://example.org/vsps/vsps-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", "--profile", "dist", *std_cargo_args
    generate_completions_from_executable(bin/"vsps", "completions")
    system bin/"vsps", "man", buildpath/"man"
    man1.install Dir["man/*.1"]
  end

  service do
    run [opt_bin/"vsps", "run"]
    keep_alive true
    log_path var/"log/vsps.log"
    error_log_path var/"log/vsps.log"
  end

  test do
    port = free_port
    admin = free_port
    pid = spawn bin/"vsps", "run", "--listen", port.to_s, "--admin", admin.to_s
    sleep 2
    assert_match "ready", shell_output("#{bin}/vsps health --ready --admin #{admin}")
    assert_match "#EXTM3U", shell_output("curl -sL http://127.0.0.1:#{port}/demo/hls/master.m3u8")
  ensure
    Process.kill "TERM", pid if pid
  end
end
