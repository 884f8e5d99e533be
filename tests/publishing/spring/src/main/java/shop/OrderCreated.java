package shop;

record OrderCreated(long id, String title) {}
