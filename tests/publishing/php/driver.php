<?php
// Carries out the test's commands with the page's publish.php (README.md).
require __DIR__.'/publish.php';
stream_set_timeout(STDIN, 3600); // PHP ends the input of a socket, as Node's pipes are, after a minute of silence

while (($line = fgets(STDIN)) !== false) {
    [, $title] = explode(' ', trim($line), 2);
    try {
        publish('orion.order.created', ['id' => 1, 'title' => $title]);
        echo "created\n";
    } catch (RuntimeException $error) {
        echo 'failed: ', $error->getMessage(), "\n";
    }
}
