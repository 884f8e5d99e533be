import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Clients of java.net.http.WebSocket, driven line by line; see ../README.md for the words.
 * CLIENT_CA names a PEM file with the certificate to trust for wss://.
 */
public final class Agent {
  private static final int ABNORMAL_CLOSURE = 1006;

  private final Map<String, WebSocket> open = new ConcurrentHashMap<>();
  private final HttpClient http;

  private Agent(HttpClient http) {
    this.http = http;
  }

  public static void main(String[] arguments) throws Exception {
    HttpClient.Builder builder = HttpClient.newBuilder();
    if (System.getenv("CLIENT_CA") != null) builder.sslContext(trusting(System.getenv("CLIENT_CA")));
    Agent agent = new Agent(builder.build());
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) agent.obey(line.split("\t"));
    System.exit(0);
  }

  private void obey(String[] words) {
    String id = words[1];
    switch (words[0]) {
      case "open" -> connect(id, words);
      case "send" -> open.get(id).sendText(decode(words[2]), true).join();
      case "close" -> open.get(id).sendClose(WebSocket.NORMAL_CLOSURE, "done");
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  private void connect(String id, String[] words) {
    WebSocket.Builder builder = http.newWebSocketBuilder();
    for (int index = 3; index < words.length; index++) {
      String[] header = words[index].split(": ", 2);
      builder.header(header[0], header[1]);
    }
    builder.buildAsync(URI.create(words[2]), new Follower(id)).exceptionally(failure -> {
      Throwable cause = failure.getCause() == null ? failure : failure.getCause();
      int status = cause instanceof WebSocketHandshakeException refused ? refused.getResponse().statusCode() : 0;
      report(id, "refused", String.valueOf(status), encode(String.valueOf(cause)));
      return null;
    });
  }

  private final class Follower implements WebSocket.Listener {
    private final String id;
    private final StringBuilder text = new StringBuilder();
    private int bytes;

    Follower(String id) {
      this.id = id;
    }

    @Override
    public void onOpen(WebSocket socket) {
      open.put(id, socket);
      report(id, "open");
      socket.request(1);
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
      text.append(part);
      if (last) {
        report(id, "text", encode(text.toString()));
        text.setLength(0);
      }
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
      bytes += part.remaining();
      if (last) {
        report(id, "binary", String.valueOf(bytes));
        bytes = 0;
      }
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      report(id, "close", String.valueOf(code), encode(reason));
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
      report(id, "close", String.valueOf(ABNORMAL_CLOSURE), "");
    }
  }

  private static SSLContext trusting(String file) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (FileInputStream pem = new FileInputStream(file)) {
      store.setCertificateEntry("test", CertificateFactory.getInstance("X.509").generateCertificate(pem));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  private static synchronized void report(String... words) {
    System.out.println(String.join("\t", words));
    System.out.flush();
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String decode(String text) {
    return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
  }
}
